"""Language models on ordinary computers: run them, make them, and see why they write what they write.

    import sheepop

    model = sheepop.Model.open("tales")
    for piece in model.generate("Once upon a time", max_tokens=50, seed=1):
        print(piece, end="", flush=True)
"""

from .errors import Error
from .explanation import Candidate, Explanation, Stage, Step, Watched
from .generation import Generation, Piece
from .model import Model, Score
from .program import convert, ingest, train

__all__ = ["Candidate", "Error", "Explanation", "Generation", "Model", "Piece", "Score", "Stage", "Step", "Watched", "convert",
           "ingest", "train"]
