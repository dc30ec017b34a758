"""Words a question otherwise: politeness, context, synonyms, case, typos, dropped words.

Works on plain text with a given random source; knows nothing of intents or tokens.
"""

import re
from random import Random

OPENERS = (
    "hi, ", "hello, ", "hey, ", "hi! ", "Hello. ", "Hey there, ", "good morning, ", "good evening! ", "dear guide, ",
    "please, ", "sorry, ", "excuse me, ", "ok, ", "okay so ", "so, ", "well, ", "and ", "also, ", "thanks. ", "great. ",
    "quick question: ", "I have a question: ", "question: ", "one more question: ", "another question: ",
    "another thing: ", "next: ", "stupid question maybe, but ", "sorry if this is obvious, ", "newbie here, ",
    "can you tell me: ", "could you tell me: ", "tell me, ", "please tell me: ", "I wonder: ", "I'd like to know: ",
    "just curious, ", "maybe you know: ", "do you know: ", "help! ", "help please, ", "hmm, ", "um, ", "Hearth: ",
)  # fmt: skip
CLOSERS = (
    " please", ", please", " thanks", ", thanks", " thank you", " thx", " pls", " please?", "? thanks!", "? Thank you.",
    "? I'm not a technical person.", "? I'm new to this.", " ?", "??", "!", " exactly", " here", " in hearth",
    " with Hearth", " for me", " now", "? I have no idea", "? I can't find it", " on my box", " in simple words",
    " briefly", ", any idea?", ", do you know?", " again?", "? I could not work it out.",
)  # fmt: skip
CONTEXTS = (
    "I just bought a Synology NAS.", "We have a QNAP box at home.", "I have a mini PC in the living room.",
    "I installed Hearth yesterday.", "My son set this up for us.", "I am not good with computers.", "I'm new here.",
    "I run Debian on an old PC.", "I use Ubuntu.", "I am the admin of our box.", "We are a family of four.",
    "I read the README already.", "I like this so far.", "Nice program!", "Thanks for your help so far.",
    "I'm setting up Hearth for my parents.", "My wife asked me this.", "I have been using this for a week.",
    "Hearth is running fine.", "I come from Windows.", "I found this on GitHub.", "Sorry for my English.",
    "Let me ask something else.", "Now something different.", "I am trying to understand this.",
    "We want to use this at home.", "I looked everywhere.", "My friend told me about Hearth.", "Ok got it.",
)  # fmt: skip
SYNONYMS = (
    ("get", "obtain", "fetch", "grab"), ("download", "get", "fetch", "grab"), ("install", "set up", "put in"),
    ("box", "NAS", "machine", "server", "computer", "mini PC", "home server", "device"),
    ("remove", "delete", "get rid of", "erase", "throw away"), ("add", "put in", "include"),
    ("make", "create", "set up"), ("change", "modify", "alter", "edit", "switch"), ("show", "display", "tell me"),
    ("explain", "describe", "clarify", "tell me about"), ("need", "require", "want", "have to have"),
    ("use", "utilize", "work with", "run with"), ("run", "execute", "start", "use"), ("start", "launch", "begin"),
    ("stop", "halt", "quit", "end"), ("big", "large", "huge"), ("small", "little", "tiny"),
    ("bigger", "larger"), ("smaller", "lighter"), ("biggest", "largest"), ("smallest", "tiniest"),
    ("fast", "quick", "speedy"), ("slow", "sluggish", "laggy"), ("faster", "quicker", "speedier"),
    ("slower", "more sluggish"), ("best", "ideal", "right", "optimal"), ("good", "decent", "suitable", "fine"),
    ("better", "superior", "nicer"), ("problem", "issue", "trouble"), ("error", "failure", "message"),
    ("wrong", "incorrect", "bad"), ("broken", "not working", "busted"), ("fix", "repair", "solve", "sort out"),
    ("difference", "distinction", "contrast"), ("mean", "stand for", "signify"), ("meaning", "definition", "sense"),
    ("find", "locate", "see", "look up"), ("choose", "pick", "select"), ("pick", "choose", "take"),
    ("folder", "directory", "dir"), ("directory", "folder"), ("put", "place", "copy", "drop"),
    ("save", "keep", "store"), ("stored", "kept", "saved"), ("saved", "stored", "kept"), ("keep", "hold on to"),
    ("phone", "mobile", "smartphone", "cell phone"), ("laptop", "notebook"), ("browser", "web browser"),
    ("question", "query"), ("answer", "reply", "response"), ("answers", "replies", "responses"),
    ("chat", "conversation", "talk"), ("chats", "conversations", "threads"), ("message", "prompt"),
    ("kids", "children"), ("son", "daughter", "kid", "child"), ("wife", "husband", "partner", "girlfriend"),
    ("mother", "father", "mom", "dad", "grandma"), ("person", "user", "family member", "somebody"),
    ("people", "users", "persons", "family members"), ("account", "login", "user account"),
    ("log in", "sign in", "login"), ("log out", "sign out", "logout"), ("password", "passphrase", "pw"),
    ("forgot", "lost", "don't remember", "can't remember"), ("private", "secret", "confidential"),
    ("internet", "web", "net"), ("outside", "away from home", "remotely"), ("memory", "RAM"), ("RAM", "memory"),
    ("disk", "drive", "storage"), ("graphics card", "GPU", "video card"), ("CPU", "processor"),
    ("setting", "option", "configuration"), ("settings", "options", "preferences", "configuration"),
    ("configure", "set", "set up", "adjust"), ("address", "URL", "link"), ("page", "site", "screen"),
    ("program", "software", "app", "tool"), ("app", "program", "application"), ("command", "instruction"),
    ("terminal", "command line", "shell", "console"), ("update", "upgrade"), ("uninstall", "remove", "get rid of"),
    ("backup", "back-up", "safety copy"), ("convert", "turn", "transform"), ("quantize", "compress", "quantise"),
    ("recommend", "suggest", "advise"), ("possible", "doable", "feasible"), ("why", "how come", "for what reason"),
    ("happens", "occurs", "goes on"), ("weird", "strange", "odd"), ("works", "functions", "operates"),
    ("work", "function"), ("free", "gratis"), ("cost", "price"), ("buy", "purchase", "get"), ("must", "have to"),
    ("allowed", "permitted"), ("right now", "at the moment", "currently"), ("again", "once more"),
    ("file", "thing"), ("everyone", "everybody", "all of us"), ("someone", "somebody", "anyone"),
    ("see", "view", "look at"), ("open", "access", "reach"), ("reach", "access", "get to"), ("talk", "speak", "chat"),
    ("write", "type", "enter"), ("know", "find out", "learn"), ("understand", "get", "grasp"), ("large", "big"),
    ("difficult", "hard", "complicated"), ("easy", "simple"), ("support", "handle", "accept"), ("bad", "poor"),
    ("handle", "manage", "cope with"), ("let", "allow"), ("try", "attempt"), ("safe", "secure"), ("secure", "safe"),
)  # fmt: skip
FRAMES = (
    ("how do i", "how can i", "how to", "how would i", "how does one", "what do i do to", "what's the way to",
     "what steps to", "how should i", "how might i", "i want to", "i'd like to", "i need to", "show me how to",
     "explain how to", "what must i do to", "help me", "tell me how to", "i don't know how to", "i am trying to",
     "could you help me to", "is there a way to", "what is the easiest way to", "how do we", "how can we"),
    ("what is", "what's", "whats", "what exactly is", "explain", "tell me about", "can you explain", "define",
     "what do you mean by", "i don't understand", "please explain", "i want to know what is", "describe"),
    ("can i", "could i", "may i", "is it possible to", "am i able to", "is there a way to", "will i be able to",
     "would i be able to", "can we", "can one", "do you know if i can"),
    ("does it", "will it", "is it going to", "would it"),
    ("do i need", "must i have", "is there need for", "do we need", "will i need"),
    ("where do i", "where can i", "where should i", "where to", "in which place do i", "where would i"),
    ("which", "what", "what kind of"),
    ("why is", "how come", "what makes", "what is the reason that"),
    ("where is", "where's", "where are", "where can i find", "where do i find"),
    ("should i", "do i have to", "is it better to", "would you"),
    ("does hearth", "can hearth", "will hearth", "is hearth able to", "do you", "does this", "does this program"),
    ("i have", "i've got", "we have", "there is", "my box has"),
)  # fmt: skip
SMALL_WORDS = frozenset(
    ("a", "an", "the", "my", "of", "to", "in", "on", "for", "with", "is", "are", "do", "does", "i", "it", "this",
     "that", "me", "can", "you", "be", "so", "just", "and", "some", "any", "there")
)  # fmt: skip
NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip


def reworded(ask: str, random: Random) -> str:
    """One of the many ways in which a person might have typed this question."""
    text = ask
    if random.random() < 0.35:
        text = _reframed(text, random)
    if random.random() < 0.5:
        text = _with_synonyms(text, random, rate=0.4)
    if random.random() < 0.25:
        text = _with_words_dropped(text, random)
    if random.random() < 0.3:
        text = _framed_politely(text, random)
    if random.random() < 0.12:
        text = f"{random.choice(CONTEXTS)} {text}"
    text = _with_other_case(text, random)
    if random.random() < 0.25:
        text = _with_typos(text, random)
    return text.strip() or ask


def _reframed(text: str, random: Random) -> str:
    lowered = text.lower()
    for frame in FRAMES:
        for opening in frame:
            if lowered.startswith(opening + " "):
                chosen = random.choice(frame)
                return chosen[0].upper() + chosen[1:] + text[len(opening) :]
    return text


def _with_synonyms(text: str, random: Random, rate: float) -> str:
    for words in random.sample(SYNONYMS, len(SYNONYMS)):
        found = re.search(rf"\b{re.escape(words[0])}\b", text)
        if found and random.random() < rate:
            text = text[: found.start()] + random.choice(words[1:]) + text[found.end() :]
    return text


def _with_words_dropped(text: str, random: Random) -> str:
    words = text.split()
    if len(words) < 4:
        return text
    kept = [word for word in words if random.random() > (0.4 if word.lower() in SMALL_WORDS else 0.06)]
    return " ".join(kept) if len(kept) >= 2 else text


def _framed_politely(text: str, random: Random) -> str:
    if random.random() < 0.65:
        opener = random.choice(OPENERS)
        rest = text if text[:2].isupper() or text.startswith("I ") else text[:1].lower() + text[1:]
        text = opener + rest
    if random.random() < 0.45:
        text = text.rstrip("?.! ") + random.choice(CLOSERS)
    return text


def _with_other_case(text: str, random: Random) -> str:
    kind = random.random()
    if kind < 0.3:
        return text.lower().rstrip("?.!")
    if kind < 0.4:
        return re.sub(r"[,;:?!']", "", text.lower())
    if kind < 0.55:
        return text[:1].upper() + text[1:].rstrip("?.! ") + "?"
    if kind < 0.57:
        return text.upper()
    return text


def _with_typos(text: str, random: Random) -> str:
    for _ in range(random.choice((1, 1, 1, 2))):
        places = [index for index in range(1, len(text) - 1) if text[index].isalpha() and text[index + 1].isalpha()]
        if len(places) < 6:
            return text
        at = random.choice(places)
        text = text[:at] + _mistyped(text[at], text[at + 1], random) + text[at + 2 :]
    return text


def _mistyped(first: str, second: str, random: Random) -> str:
    kind = random.randrange(4)
    if kind == 0:
        return second + first
    if kind == 1:
        return second
    if kind == 2:
        return first + first + second
    return random.choice(NEIGHBOURS.get(first.lower(), first)) + second
