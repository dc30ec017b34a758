"""English sentences about: requests that are refused before anything is done, and the pages to sign in and set up."""

SENTENCES: dict[str, str] = {
    # The gate.
    "host_unknown": (
        "Hearth does not know the name “{host}” as its own. If it is right, set HEARTH_PUBLIC_URL to the address that "
        "you use, or add the name to HEARTH_ALLOWED_HOSTS, and start Hearth again."
    ),
    "origin_foreign": (
        "This was sent by a page at {origin}, and Hearth only takes it from its own pages at {own}. Open Hearth itself "
        "and try again. If you reach it through a tunnel or proxy, set HEARTH_PUBLIC_URL to the address you use."
    ),
    "body_too_large": "That is more than fits into one request ({kilobytes} KB). Send less at a time.",
    "not_signed_in": "Please sign in first.",
    "token_missing": (
        "This needs an API token: send it as “Authorization: Bearer TOKEN”. `hearth tokens create` makes one."
    ),
    "token_wrong": "This API token is not valid, or not any more. `hearth tokens create` makes a new one.",
    # Requests.
    "route_unknown": "There is nothing at {path}. /api/docs lists all that there is.",
    "method_unknown": "{path} does not work with this method. /api/docs says which ones do.",
    "http_error": "The request was refused (HTTP {status}). Check it and send it again.",
    "internal_error": (
        "Something went wrong inside Hearth. Try again; if it stays, the reason is in what Hearth has logged."
    ),
    "pages_starting": "Hearth is starting. This page opens by itself in a moment.",
    "pages_failed": "The pages of Hearth cannot be shown; what Hearth has logged says why. The API works.",
    "reason_unknown": "It failed for a reason that this version of Hearth does not know ({code}). Try again.",
    "request_no_body": "The request has no content that can be read. Send JSON, with Content-Type: application/json.",
    "request_no_json": "The content is not valid JSON. Correct it and send it again.",
    "request_field_missing": "The field “{field}” is missing. Add it and send the request again.",
    "request_field_unknown": "There is no field “{field}” here. Leave it out, or check how it is spelled.",
    "request_field_not_above": "The field “{field}” must be greater than {limit}.",
    "request_field_too_small": "The field “{field}” is too small: the limit is {limit}.",
    "request_field_too_big": "The field “{field}” is too big: the limit is {limit}.",
    "request_field_too_short": "The field “{field}” is too short: it needs at least {limit}.",
    "request_field_too_long": "The field “{field}” is too long: {limit} is the most.",
    "request_field_wrong": "The field “{field}” does not have a value that can be used. See /api/docs.",
    # Pages.
    "page_problem_title": "That did not work",
    "page_starting_title": "One moment",
    "page_back": "Back to Hearth",
    "page_name": "Name",
    "page_password": "Password",
    "page_sign_in_title": "Welcome back",
    "page_sign_in_intro": "Sign in to go on with your chats.",
    "page_sign_in_button": "Sign in",
    "page_sign_in_forgotten": ("Forgotten your password? Whoever looks after this Hearth can give you a new one."),
    "page_set_up_title": "Welcome to Hearth",
    "page_set_up_intro": "Your household's own chat assistant is running. Make the first account to begin.",
    "page_set_up_token": "Setup token",
    "page_set_up_token_hint": (
        "It proves that this box is yours. Hearth printed it when it started; it is also in the file {file}."
    ),
    "page_set_up_name_hint": "What you would like to be called here.",
    "page_set_up_password_hint": "At least {least} characters; a few words in a row make a good one.",
    "page_set_up_button": "Make my account",
    "page_set_up_note": "Everything that is said here stays on this box.",
    "page_docs_title": "The API of Hearth",
    "page_docs_intro": (
        "Sign in with a cookie (POST /api/v1/session), or send “Authorization: Bearer TOKEN” with a token that "
        "`hearth tokens create` made. Refusals are {shape}."
    ),
    "page_docs_machine": "The same for programs:",
    "page_docs_required": "required",
}
