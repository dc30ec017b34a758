"""Rules of GBNF for the values of JSON: what every grammar that is made of a schema can use."""

from typing import Final

PRIMITIVES: Final = r"""
ws ::= (" " | "\n" [ \t]{0,16})?
null ::= "null"
boolean ::= "true" | "false"
hex ::= [0-9a-fA-F]
character ::= [^"\\\x00-\x1f\x7f] | "\\" (["\\/bfnrt] | "u" ([0-9a-cA-Ce-fE-F] hex{3} | [dD] [0-7] hex{2}))
string ::= "\"" character* "\""
integer ::= "-"? ("0" | [1-9] [0-9]{0,15})
number ::= integer ("." [0-9]{1,15})? ([eE] [-+]? [0-9]{1,2})?
value ::= object | array | string | number | boolean | null
object ::= "{" ws (member ("," ws member)*)? "}"
member ::= string ":" ws value ws
array ::= "[" ws (element ("," ws element)*)? "]"
element ::= value ws
year ::= [1-9] [0-9]{3} | "0" [0-9]{2} [1-9]
month ::= "0" [1-9] | "1" [0-2]
day ::= "0" [1-9] | "1" [0-9] | "2" [0-8]
full-date ::= year "-" (month "-" day | ("0" [13-9] | "1" [0-2]) "-" ("29" | "30") | ("0" [13578] | "1" [02]) "-31")
hour ::= [01] [0-9] | "2" [0-3]
time ::= hour ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,6})? ("Z" | [-+] hour ":" [0-5] [0-9])
uuid ::= hex{8} "-" hex{4} "-" hex{4} "-" hex{4} "-" hex{12}
"""
