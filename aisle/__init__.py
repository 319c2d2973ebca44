"""Search and recommendation for product catalogues on OpenSearch."""
