"""Ten lines: a text, why a word of it was drawn, and a model of one's own.

usage: python examples/first.py
"""

import pathlib
import tempfile

import sheepop

model = sheepop.Model.open("tales")
tales = [choice["text"] for choice in model.generate("Once upon a time", n=8, max_tokens=200, seed=1).choices]
print("Once upon a time" + tales[0])
step = model.explain("The sheep", max_tokens=1, seed=1).steps[0]
print(f"{step.chosen.piece!r} was drawn with probability {step.chosen.prob:.2f} from {step.entry.kept} tokens")
with tempfile.TemporaryDirectory() as folder:
    book, mine = pathlib.Path(folder, "book.txt"), pathlib.Path(folder, "mine.gguf")
    book.write_text("\n".join(tales), encoding="utf-8")
    told = sheepop.train(book, mine, steps=30, layers=1, hidden=32, heads=2, context=32, batch=4, sample_tokens=0)
    print(f"{told['steps']} steps made a model that writes {sheepop.Model.open(mine).generate('The', max_tokens=8, seed=1).text!r}")
