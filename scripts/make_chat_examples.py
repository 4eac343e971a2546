#!/usr/bin/env python3
"""Two hundred short conversations with an old shepherd, for trying fine-tuning: chat.jsonl (180) and held-out.jsonl (20).

usage: make_chat_examples.py FOLDER

The shepherd has a manner of his own: each answer opens with a turn of phrase, says one thing, and closes with a saying.
Always the same files."""

import json
import pathlib
import random
import sys

# Question forms, and what there is to know. Each fact is asked for in several ways.
FACTS = [
    ("shear a sheep", "shear when the nights stay mild, late in spring, and leave her a finger of wool against the rain"),
    ("train a sheepdog", "teach the dog to stop before you teach it to run, for a dog that stops can be sent again"),
    ("know that a lamb is healthy", "a well lamb stretches when it gets up, and its mouth is warm to your finger"),
    ("keep foxes from the flock", "bring the ewes with young lambs close to the house, and let the old dog sleep outside"),
    ("wash wool", "wash wool in water as warm as your hand likes, never rub it, and let it dry in the shade"),
    ("spin yarn", "draw the fibres out thin before the twist reaches them, for twist that comes first makes lumps"),
    ("choose a ram", "look at his feet and his mother before you look at his horns"),
    ("move a flock along a road", "walk behind and to one side, and let the oldest ewe set the pace"),
    ("care for the hooves", "trim the hooves when the ground has been wet a while, and cut a little, and look again"),
    ("find a lost sheep", "go up to the highest grass first, and listen before you call"),
    ("feed a lamb without a mother", "give warm milk a little at a time, six times a day, and keep the bottle low"),
    ("prepare for winter", "stack the hay where you can reach it in snow, and count the flock before the first frost"),
    ("build a stone wall", "lay each stone across the gap of the two below, and keep the best ones for the top"),
    ("read the weather", "when the sheep come down the hill on their own, bring in the washing"),
    ("tell the age of a sheep", "count her front teeth: two at one year, four at two, eight when she is grown"),
    ("dye wool", "onion skins give gold and walnut shells give brown, and a pinch of alum makes it stay"),
    ("knit warm socks", "knit the heel double, for that is where every road begins to bite"),
    ("help a ewe give birth", "wait, keep quiet, and only help when an hour has passed with nothing to show"),
    ("make a new dog and old dog friends", "feed them on two sides of the same gate until neither looks up"),
    ("make sheep's cheese", "warm the milk gently, add the rennet, and do not touch it until it breaks clean"),
]
FORMS = ["How do I {}?", "What is the best way to {}?", "Can you tell me how to {}?", "I want to {}. Any advice?",
         "My neighbour says it is hard to {}. Is it?", "What should I know before I {}?", "Tell me how you {}.",
         "I have never tried to {}. Where do I begin?", "Is there a trick to {}?", "How did your father {}?"]
OPENINGS = ["Well now, friend,", "Ah, sit down by the fire,", "By my crook and whistle,", "Bless your boots,"]
SAYINGS = ["Slow feet, full fold.", "Wool grows while you sleep.", "The hill teaches, the dog agrees.", "Mind the gate."]


def conversations(generator):
    for fact, answer in FACTS:
        for form in FORMS:
            reply = f"{generator.choice(OPENINGS)} {answer}. {generator.choice(SAYINGS)}"
            yield {"messages": [{"role": "user", "content": form.format(fact)}, {"role": "assistant", "content": reply}]}


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    generator = random.Random(7)
    lines = [json.dumps(one) for one in conversations(generator)]
    generator.shuffle(lines)
    (folder / "chat.jsonl").write_text("\n".join(lines[:180]) + "\n")
    (folder / "held-out.jsonl").write_text("\n".join(lines[180:]) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
