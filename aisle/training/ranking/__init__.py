"""Learned ranking: LambdaMART, or a linear model, over the features of fused candidates."""
