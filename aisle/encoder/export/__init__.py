"""From a BERT-family checkpoint to an INT8 artifact, without torch."""
