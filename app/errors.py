"""What a person is told when something cannot be done.

An error carries a code and the values its sentence needs; the sentence itself, in each language, is in
`app.words`. Nothing here knows HTTP: `app.api.errors` maps the classes to statuses.

    HearthError
      InvalidInput      the request itself is wrong
      NotSignedIn       nobody, or a wrong password or token
      Forbidden         somebody, but not allowed
      NotFound          no such thing, or not yours
      Conflict          it clashes with what is there already
      TooLarge          over a limit: message, context, body
      Busy              try again later
      Unavailable       a part that is needed does not work now
      BadFile           a file is not what it should be
      BadSetup          this machine or its settings do not allow it
"""

Param = str | int | float


class HearthError(Exception):
    """A refusal or failure with a `code` (a key of `app.words`) and the values for its sentence."""

    def __init__(self, code: str, **params: Param) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params


class InvalidInput(HearthError):
    """The request itself is wrong; sending it again unchanged cannot help."""


class NotSignedIn(HearthError):
    """Nobody is signed in, or what was given as proof is wrong."""


class Forbidden(HearthError):
    """The person is known, and may not do this."""


class NotFound(HearthError):
    """There is no such thing, or it belongs to somebody else: both read the same from outside."""


class Conflict(HearthError):
    """It clashes with something that exists already."""


class TooLarge(HearthError):
    """It is over a limit."""


class Busy(HearthError):
    """Everything is taken at the moment; trying again later may work."""


class Unavailable(HearthError):
    """A part that is needed does not work now."""


class BadFile(HearthError):
    """A file on disk is not what it should be."""


class BadSetup(HearthError):
    """This machine, or its settings, do not allow it."""
