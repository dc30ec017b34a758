"""Questions about everything but Hearth, made from templates, for the intents that decline them.

What people may ask is open; a list of examples would teach the examples, not that they are beside the point.
"""

import re
from random import Random

WORDS: dict[str, tuple[str, ...]] = {
    "country": (
        "France", "Spain", "Italy", "Germany", "Poland", "Brazil", "Japan", "India", "Canada", "Mexico", "Egypt",
        "Norway", "Sweden", "Kenya", "Peru", "Chile", "Turkey", "Greece", "Austria", "Thailand", "Russia", "Iceland",
        "Portugal", "Nigeria", "Vietnam", "Ukraine", "the USA", "South Korea", "New Zealand",
    ),
    "city": (
        "Berlin", "Paris", "London", "Rome", "Madrid", "Tokyo", "New York", "Vienna", "Prague", "Moscow", "Beijing",
        "Lisbon", "Oslo", "Dublin", "Chicago", "Istanbul", "Cairo", "Munich", "Amsterdam", "Seoul", "Athens",
    ),
    "person": (
        "Napoleon", "Einstein", "Mozart", "Shakespeare", "Picasso", "Marie Curie", "Gandhi", "Messi", "Obama",
        "Beyonce", "Newton", "Darwin", "Churchill", "Van Gogh", "Julius Caesar", "Galileo", "Bach", "Frida Kahlo",
        "Lincoln", "Madonna", "Tolstoy", "Ronaldo", "Beethoven", "Steve Jobs",
    ),
    "animal": (
        "dog", "cat", "horse", "elephant", "penguin", "shark", "whale", "bee", "spider", "snake", "owl", "wolf",
        "rabbit", "hamster", "parrot", "turtle", "lion", "fox", "frog", "bear", "cow", "goldfish",
    ),
    "dish": (
        "pasta", "pancakes", "soup", "pizza", "bread", "curry", "risotto", "apple pie", "cheesecake", "chili",
        "goulash", "tacos", "omelette", "salad", "cookies", "fried rice", "meatballs", "roast chicken", "paella",
        "banana bread", "stew", "waffles", "tomato sauce", "dumplings", "burgers", "brownies", "potato salad",
    ),
    "thing": (
        "sofa", "bike", "car", "bathtub", "window", "carpet", "oven", "shower", "garden", "washing machine",
        "dishwasher", "lawn mower", "wall", "door", "chair", "shirt", "shoes", "coffee machine", "fridge", "tap",
    ),
    "illness": (
        "a headache", "a cold", "the flu", "back pain", "a fever", "a cough", "a rash", "a sore throat", "stress",
        "insomnia", "an allergy", "a toothache", "stomach pain", "high blood pressure", "a burn", "migraine",
    ),
    "language": (
        "German", "French", "Spanish", "Italian", "Japanese", "Russian", "Latin", "Dutch", "Polish", "Greek",
        "Arabic", "Korean", "Portuguese", "Swedish", "Turkish", "Chinese",
    ),
    "code": (
        "Python", "Java", "JavaScript", "C++", "Rust", "Go", "PHP", "Ruby", "SQL", "HTML", "CSS", "bash", "Swift",
        "Kotlin", "TypeScript", "Excel", "R", "Perl", "Haskell",
    ),
    "program": (
        "sorts a list", "counts words", "prints prime numbers", "reads a CSV file", "draws a circle", "adds numbers",
        "sends an email", "reverses a string", "parses JSON", "plays tic tac toe", "renames photos",
        "computes factorials", "converts temperatures", "scrapes a page", "merges two files",
    ),
    "theme": (
        "love", "the sea", "autumn", "my cat", "winter", "a dragon", "friendship", "the moon", "a robot", "summer",
        "coffee", "a lost key", "space", "my grandmother", "the forest", "pirates", "a birthday", "football", "rain",
        "a knight", "Christmas", "the mountains", "a mouse", "time travel", "school", "spring",
    ),
    "text": (
        "email", "letter", "poem", "story", "speech", "essay", "song", "limerick", "haiku", "blog post", "tweet",
        "invitation", "cover letter", "toast", "fairy tale", "rap", "short story", "sonnet", "review", "joke card",
    ),
    "reader": (
        "my boss", "my landlord", "my mother", "the teacher", "my wife", "a friend", "the bank", "my neighbour",
        "a customer", "my aunt", "the insurance", "my colleague", "the school", "my brother",
    ),
    "science": (
        "gravity", "photosynthesis", "black holes", "evolution", "DNA", "electricity", "inflation", "democracy",
        "earthquakes", "rainbows", "volcanoes", "atoms", "vaccines", "the big bang", "relativity", "tides",
        "lightning", "magnetism", "the French Revolution", "World War II", "the Cold War", "the Roman Empire",
        "the stock market", "philosophy", "the moon landing", "dinosaurs", "the Vikings", "climate change",
    ),
    "school": (
        "fractions", "equations", "algebra", "geometry", "percentages", "derivatives", "integrals", "logarithms",
        "vectors", "probability", "recursion", "loops", "pointers", "long division", "trigonometry", "matrices",
    ),
    "record": (
        "longest river", "highest mountain", "largest city", "biggest ocean", "oldest tree", "tallest building",
        "fastest animal", "smallest country", "deepest lake", "hottest desert", "richest man", "biggest island",
    ),
    "deed": (
        "invented the telephone", "painted the Mona Lisa", "wrote Hamlet", "discovered America", "won the war",
        "won the match yesterday", "invented paper", "built the pyramids", "wrote Faust", "sang that song",
        "won the election", "discovered penicillin", "directed Titanic", "invented the wheel", "walked on the moon",
    ),
}  # fmt: skip

TEMPLATES: dict[str, tuple[str, ...]] = {
    "oos-knowledge-news": (
        "what is the capital of {country}", "capital city of {country}?", "which city is {country}'s capital",
        "what's the weather in {city}", "weather {city} tomorrow", "will it rain in {city} this week",
        "is it going to be sunny tomorrow", "how warm is it in {city}", "who is {person}", "who was {person}?",
        "when was {person} born", "how old is {person}", "when did {person} die", "tell me about {person}",
        "what is {person} famous for", "explain {science}", "what is {science}", "tell me something about {science}",
        "how does {science} work", "why do we have {science}", "history of {science}",
        "how long does a {animal} live", "what does a {animal} eat", "are {animal}s dangerous",
        "how fast is a {animal}", "can a {animal} swim", "where do {animal}s live", "how big is a {animal}",
        "what is the {record} in the world", "the {record}?", "which is the {record} in {country}", "who {deed}",
        "do you know who {deed}?", "in what year was it that he {deed}", "how many people live in {city}",
        "population of {country}", "who is the president of {country}", "what language do they speak in {country}",
        "currency of {country}", "how far is it from {city} to {city}", "where is {city}",
        "what time is it in {city}", "news from {country}", "latest news about {person}",
        "who won the game {country} against {country}", "what day is it today", "what's the date", "what year is it",
        "when is the next holiday in {country}", "how many inhabitants does {country} have", "flag of {country}",
        "name a famous person from {country}", "how tall is {person}", "is {city} bigger than {city}",
        "what happened in {n} in history", "stock price of Apple", "who will win the election in {country}",
    ),
    "oos-life-cooking-health-law": (
        "how do I cook {dish}", "recipe for {dish}", "give me a {dish} recipe", "how to make {dish}",
        "what do I need for {dish}", "how long does {dish} take in the oven", "ingredients for {dish}?",
        "an easy {dish} for two", "what goes well with {dish}", "is {dish} healthy", "how many calories has {dish}",
        "I want to cook {dish} tonight", "can I freeze {dish}", "what shall we have for dinner", "I have {illness}",
        "what helps against {illness}", "what should I do about {illness}", "is {illness} dangerous",
        "which medicine for {illness}", "my child has {illness}", "home remedy for {illness}",
        "how do I clean my {thing}", "how to repair a {thing}", "my {thing} is broken, what now",
        "which {thing} should I buy", "what does a {thing} cost", "how do I paint a {thing}",
        "how do I get stains off the {thing}", "my {animal} is ill", "how do I train my {animal}",
        "what food for a {animal}", "a name for my {animal}", "should I get a {animal}", "holiday in {country}?",
        "what to see in {city}", "flight to {city}", "cheap hotel in {city}", "do I need a visa for {country}",
        "is it legal to do that in {country}", "can I sue {reader}", "I had a fight with {reader}",
        "what should I give {reader} for their birthday", "how do I tell {reader} that I quit", "I feel so alone",
        "my relationship is in trouble", "how can I sleep better", "how do I lose {n} kilos",
        "exercises for {illness}", "set an alarm for {n}", "remind me in {n} minutes", "switch the light off",
        "play a song by {person}", "order {dish} for us", "when should I water the plants",
        "how do I raise my children", "how do taxes work in {country}",
    ),
    "oos-maths-code-school": (
        "what is {n} times {n}", "{n} + {n}", "{n}*{n}", "how much is {n} plus {n}", "{n} minus {n}?", "{n} / {n}",
        "what's {n} divided by {n}", "calculate {n} x {n}", "{n} percent of {n}", "what is {n}% of {n}",
        "square root of {n}", "is {n} a prime number", "solve {n}x = {n}", "solve x + {n} = {n}",
        "{n} to the power of {n}", "{n} miles in km", "convert {n} pounds to kilos", "how many feet are {n} metres",
        "{n} dollars in euros", "sum of {n}, {n} and {n}", "what is the average of {n} and {n}",
        "{n} degrees fahrenheit in celsius", "binary of {n}", "count to {n}",
        "if I buy {n} apples for {n} euros, what does one cost", "write a {code} program that {program}",
        "{code} function that {program}", "how do I write a loop in {code}", "code in {code} please",
        "teach me {code}", "write a {code} script that {program}", "fix my {code} code",
        "why does my {code} program crash", "is {code} hard", "what is the difference between {code} and {code}",
        "show me an example in {code}", "how to install {code}", "explain {school}", "help me with {school}",
        "I don't get {school} at school", "homework about {school}", "quiz me on {school}", "exercises on {school}",
        "my son has a test on {school}", "prove the theorem about {school}", "make a table of {n}",
        "roll a dice with {n} sides", "guess a number between 1 and {n}", "let's play a game",
        "do my {language} homework", "summary of a book by {person} for school", "debug this {code} snippet",
    ),
    "oos-writing-translation": (
        "write a {text} about {theme}", "write me a {text}", "a {text} about {theme} please",
        "can you write a {text}", "compose a {text} for {reader}", "write a {text} to {reader}",
        "draft a {text} to {reader}", "tell me a {text}", "I need a {text} about {theme}",
        "make up a story about {theme}", "tell me a story about {theme}", "make me a {text} on {theme}",
        "help me write a {text}", "improve this {text}", "make my {text} shorter", "proofread my {text}",
        "correct the spelling in my {text}", "rewrite this {text}", "summarize this {text} for me",
        "translate this {text} into {language}", "translate to {language}: I love you",
        "how do you say hello in {language}", "what is 'good morning' in {language}",
        "translate '{theme}' into {language}", "{language} word for {theme}", "translate my {text} from {language}",
        "a rhyme on {theme}", "ideas for a {text} about {theme}", "give me a title for my {text}",
        "pretend you are {person}", "talk like {person}", "write like {person}", "a bedtime story about {theme}",
        "another word for {theme}", "recommend me a film about {theme}", "a good book about {theme}?",
        "plan a weekend in {city}", "plan a party about {theme}", "slogan for my shop",
        "write an apology to {reader}", "what should I write to {reader}", "answer {reader} for me",
        "song about {theme}", "continue the story about {theme}", "invent a game about {theme}",
        "describe {theme} in a poem",
    ),
}  # fmt: skip


def made_up(intent: str, random: Random) -> str | None:
    """A question that this intent should decline; None for intents without templates."""
    templates = TEMPLATES.get(intent)
    if templates is None:
        return None
    text = re.sub(r"\{(\w+)\}", lambda slot: _filler(slot[1], random), random.choice(templates))
    return text if random.random() < 0.4 else text[:1].upper() + text[1:] + random.choice(("?", ".", ""))


def _filler(slot: str, random: Random) -> str:
    if slot == "n":
        return str(random.choice((random.randint(2, 20), random.randint(10, 120), random.randint(100, 2100))))
    return random.choice(WORDS[slot])
