"""What joins the packages into something a user does in one go: the demo, the evaluation of an index."""
