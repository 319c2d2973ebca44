"""The reranker that is served: a cross-encoder of few layers, taught by a teacher's scores and by grades."""
