"""One model, several threads and coroutines, an answer in a shape, and why a word was written.

usage: python examples/threads.py [MODEL]     the name or path of a model; without it the one that comes with SheepOp
"""

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor

import sheepop


def tale(model: sheepop.Model, hero: str) -> str:
    return model.generate(f"Once upon a time, a {hero}", max_tokens=30, seed=1).text


async def both(model: sheepop.Model) -> tuple[str, str]:
    async def line(seed: int) -> str:
        return "".join([piece async for piece in model.generate("The sheep", max_tokens=10, seed=seed)])

    return await asyncio.gather(line(1), line(2))


def main() -> None:
    model = sheepop.Model.open(sys.argv[1] if len(sys.argv) > 1 else "tales")
    heroes = ["sheep", "wolf", "shepherd"]
    with ThreadPoolExecutor() as threads:
        for hero, text in zip(heroes, threads.map(lambda hero: tale(model, hero), heroes)):
            print(f"Once upon a time, a {hero}{text}")
    print(asyncio.run(both(model)))

    schema = {"type": "object", "properties": {"legs": {"type": "integer"}}, "required": ["legs"]}
    print(model.generate("A sheep as JSON: ", json_schema=schema, max_tokens=40, seed=1).parsed)

    for step in model.explain("The sheep", max_tokens=3, seed=1).steps:
        others = ", ".join(f"{token.piece!r} {token.prob:.2f}" for token in step.entry.top[:3])
        print(f"{step.chosen.piece!r} was drawn with probability {step.chosen.prob:.2f}; the likeliest were {others}")

    try:
        model.generate("a", top_p=2)
    except sheepop.Error as error:
        print(error.code, error.field, error)


if __name__ == "__main__":
    main()
