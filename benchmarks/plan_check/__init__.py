"""What ``aisle plan`` predicts against what indexes take."""
