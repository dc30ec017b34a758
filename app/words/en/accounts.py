"""English sentences about accounts, signing in and the database."""

SENTENCES: dict[str, str] = {
    "setup_done": "This Hearth is set up already. Sign in, or ask the person who runs it for an account.",
    "setup_token_wrong": (
        "This setup token is not right. Take the one that Hearth printed when it started; it also stands in the "
        "file setup-token in the data folder."
    ),
    "sign_in_wrong": (
        "The name or the password is not right. Try again; whoever runs this Hearth can set a new password."
    ),
    "sign_in_throttled": "There were too many tries. Wait {seconds} s, then try again.",
    "password_too_short": "The password needs at least {least} characters. Take a longer one.",
    "password_too_long": "The password may have at most {most} characters. Take a shorter one.",
    "password_invalid": "The password has characters that are no text. Type it instead of pasting it.",
    "name_invalid": "A name needs 1 to {most} characters, without invisible ones. Take another name.",
    "name_taken": "There is an account named {name} already. Take another name.",
    "person_unknown": "There is no account named {name}. Look at the spelling, or add it with: hearth users add",
    "label_invalid": "A token needs a name of 1 to {most} characters, so that you know later what it is for.",
    "database_url_invalid": (
        "HEARTH_DATABASE_URL cannot be used ({reason}). Leave it empty for the database in the data folder, or "
        "correct it."
    ),
    "database_unreachable": (
        "The database {database} does not answer ({reason}). Start it, or correct HEARTH_DATABASE_URL."
    ),
    "database_broken": (
        "The database {database} cannot be read ({reason}). Put back a backup, or move the file away to begin anew."
    ),
    "database_newer": (
        "The database {database} was used by a newer Hearth (its version is {revision}). Start that newer "
        "Hearth, or put back a backup of before. Nothing was changed."
    ),
    "storage_full": (
        "Hearth cannot store anything: the disk of the data folder is full or takes no writes ({reason}). Make "
        "space there, or make it writable, then try again."
    ),
    "data_dir_not_writable": (
        "Hearth may not write in the folder {path} ({reason}). Make it belong to the user that Hearth runs as: "
        "chown -R {uid}:{gid} '{path}', or name another folder with HEARTH_DATA_DIR."
    ),
    "admin_only": "Only an admin of this Hearth may do this. Ask one of them.",
}
