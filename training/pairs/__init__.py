"""Training pairs: from judgments, reviews, sequences and titles; what leaks into held-out data is found."""

from training.pairs.assemble import training_set
from training.pairs.item_texts import item_texts
from training.pairs.judgments import judged_pairs
from training.pairs.leakage import (
    Leak,
    LeakageReport,
    LeakKind,
    check_leakage,
    without_leaks,
)
from training.pairs.masking import mask_title_words
from training.pairs.merge import merge
from training.pairs.pair import Pair, Source
from training.pairs.review import Review
from training.pairs.review_folder import read_review_folder, review_judged
from training.pairs.review_options import ReviewOptions
from training.pairs.review_reader import read_reviews
from training.pairs.reviews import review_pairs
from training.pairs.sequence_reader import read_sequences
from training.pairs.sequences import SequenceOptions, UserSequence, sequence_pairs
from training.pairs.titles import title_pairs
from training.pairs.training_set import TrainingSet

__all__ = [
    "Leak",
    "LeakKind",
    "LeakageReport",
    "Pair",
    "Review",
    "ReviewOptions",
    "SequenceOptions",
    "Source",
    "TrainingSet",
    "UserSequence",
    "check_leakage",
    "item_texts",
    "judged_pairs",
    "mask_title_words",
    "merge",
    "read_review_folder",
    "read_reviews",
    "read_sequences",
    "review_judged",
    "review_pairs",
    "sequence_pairs",
    "title_pairs",
    "training_set",
    "without_leaks",
]
