"""Text to ask with: English words in an order that a seed decides, so that no two prompts begin alike."""

import random
from typing import Final

LIST: Final = """\
a about after again air all also an and animal another answer any are around as ask at away back be because been
before began below between big book both boy but by call came can car carry change children city close come could
country cut day did different do does door down each earth eat end enough even every example eye face family far
father feet few find first follow food for found from get girl give go good great group grow had hand hard has have he
head hear help her here high his home house how if important in into is it just keep kind know land large last later
learn leave left letter life light like line list little live long look made make man many may me mean might mile
mother mountain move much must name near need never new next night no not now number of off often old on once one only
open or other our out over own page paper part people picture place plant play point put question quick read really
right river run said same saw say school sea second see sentence set she should show side small so some something song
soon sound spell start state still stop story study such take talk tell than that the their them then there these they
thing think this those thought three through time to together too took tree try turn two under until up us use very
walk want was watch water way we well went were what when where which while white who why will with without word work
world would write year you young your
"""
WORDS: Final = tuple(LIST.split())
SENTENCE_WORDS: Final = 12


def text_of(num_words: int, seed: int) -> str:
    """That many words in sentences."""
    chosen = random.Random(seed).choices(WORDS, k=num_words)
    sentences = [chosen[start : start + SENTENCE_WORDS] for start in range(0, num_words, SENTENCE_WORDS)]
    return " ".join(f"{' '.join(words).capitalize()}." for words in sentences)
