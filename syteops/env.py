"""What a process learns from its environment, its settings file and its data directory.

The environment decides, then the settings file; what both leave open (not set, or blank) has a
default that suits a first start on one machine. Secrets that nobody gives are made once and kept in
the data directory (mode 0600), so a second start finds the same ones.

A value that cannot be used at all stops the start with one line that names the setting and the
cure. Values that can be read but make no sense are refused by `checks.py`.
"""

import builtins
import importlib.util
import os
import pwd
import re
import secrets
from collections.abc import Callable
from email.utils import getaddresses
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import environ

from syteops.lib.env_file import NO_LINE, WrongLine, parse_env_file
from syteops.lib.mail_addresses import host_in_ascii
from syteops.lib.named_files import with_whole_paths
from syteops.lib.plain_files import NoPlainFile, read_text
from syteops.lib.urls import problem_of

BASE_DIR = Path(__file__).resolve().parent.parent

_YES = frozenset({"1", "true", "yes", "y", "on"})
_NO = frozenset({"0", "false", "no", "n", "off"})
_DATABASE_SCHEMES = frozenset({"postgres", "postgresql", "sqlite"})
_DATABASE_CURE = (
    "Use postgres://user:password@host:5432/name (characters such as @ : / # in the password "
    "percent-encoded) or sqlite:////absolute/path, or leave it out: SQLite in the data directory."
)

_EMAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
_EMAIL_CURE = (
    "Use smtp+tls://user:password@host (STARTTLS), smtp+ssl:// (TLS from the start) or smtp:// "
    "(characters such as @ : / # in the password percent-encoded), or leave it out."
)


class WrongSetting(SystemExit):
    """A setting that stops the start. Prints one plain message and no traceback."""

    def __init__(self, name: str, problem: str, cure: str) -> None:
        super().__init__(f"SyteOps cannot start: {name} {problem}. {cure}")


class Environment:
    """Reads settings from the environment; a blank variable counts as not set.

    Every reading raises WrongSetting when the value is not of its kind. Messages show the value
    only where it cannot be a secret.
    """

    def str(self, name: builtins.str, default: builtins.str = "") -> builtins.str:
        """Any text of one line."""
        text = os.environ.get(name, "").strip()
        if NO_LINE.search(text):
            raise WrongSetting(
                name,
                "holds a control character, or a byte that is no text in UTF-8",
                "Write it anew, in one line.",
            )
        return text or default

    def int(self, name: builtins.str, default: builtins.int) -> builtins.int:
        """A whole number."""
        text = self.str(name)
        try:
            return int(text) if text else default
        except ValueError:
            raise WrongSetting(
                name,
                f"is {text!r}, which is not a whole number",
                f"Set it to a number such as {default}, or leave it out.",
            ) from None

    def bool(self, name: builtins.str, default: builtins.bool = False) -> builtins.bool:
        """Yes or no. A word that is neither is refused: it must not silently mean no."""
        text = self.str(name).lower()
        if text and text not in _YES | _NO:
            raise WrongSetting(
                name,
                f"is {text!r}, which is neither yes nor no",
                "Set it to true or false.",
            )
        return text in _YES if text else default

    def list(
        self, name: builtins.str, default: builtins.list[builtins.str] | None = None
    ) -> builtins.list[builtins.str]:
        """Texts separated by commas."""
        texts = [text.strip() for text in self.str(name).split(",")]
        return [text for text in texts if text] or list(default or [])

    def origins(self, name: builtins.str) -> builtins.list[builtins.str]:
        """Scheme, host and port of web servers, separated by commas."""
        found = self.list(name)
        for one in found:
            if problem_of(one, allow_private=True) or one.count("/") != 2 or set("?#") & set(one):
                raise WrongSetting(
                    name,
                    f"holds {one!r}, which is not just scheme, host and port",
                    "Write each like http://ollama:11434, separated by commas.",
                )
        return found

    def origin(self, name: builtins.str) -> builtins.str:
        """Scheme, host and port of one web server, without a slash at its end; "" for none."""
        found = self.origins(name)
        if len(found) > 1:
            raise WrongSetting(name, "holds several addresses", "Give the one that people use.")
        return found[0] if found else ""

    def choice(
        self,
        name: builtins.str,
        default: builtins.str,
        choices: tuple[builtins.str, ...],
    ) -> builtins.str:
        """One of `choices`, written in any case."""
        text = self.str(name, default)
        found = next((one for one in choices if one.lower() == text.lower()), None)
        if found is None:
            raise WrongSetting(
                name,
                f"is {text!r}, which is not known",
                f"Set it to one of {', '.join(choices)}.",
            )
        return found

    def path_prefix(self, name: builtins.str) -> builtins.str:
        """A path such as `/ops`, without a slash at its end; "" for none."""
        text = self.str(name).rstrip("/")
        if text and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", text):
            raise WrongSetting(
                name,
                f"is {text!r}, which is no path of an address",
                "Write it like /ops, or leave it out.",
            )
        return text

    def time_zone(self, name: builtins.str, default: builtins.str) -> builtins.str:
        """The name of a time zone that this machine knows."""
        text = self.str(name, default)
        try:
            ZoneInfo(text)
        except (KeyError, ValueError, OSError):
            raise WrongSetting(
                name,
                f"is {text!r}, which is no time zone",
                "Use a name such as Europe/Berlin.",
            ) from None
        return text

    def apps(self, name: builtins.str) -> builtins.list[builtins.str]:
        """Django apps (`package` or `package.apps.SomeConfig`) that are installed."""
        apps = self.list(name)
        for app in apps:
            if not _is_installed(app):
                raise WrongSetting(
                    name,
                    f"names {app!r}, which is not installed",
                    "Install its package into this environment, or take it off the list.",
                )
        return apps

    def server(self, name: builtins.str) -> builtins.str:
        """The address of a server. The files that it names, such as certificates, can be read."""
        url = self.str(name)
        if NO_LINE.search(unquote(url)):
            raise WrongSetting(name, "holds a control character", "Write it anew, in one line.")
        try:
            return with_whole_paths(url, BASE_DIR)
        except OSError as error:
            problem = f"names a file that cannot be read ({error.filename}: {error.strerror})"
            cure = "Correct its path, and let this user read it."
            raise WrongSetting(name, problem, cure) from None

    def database(self, name: builtins.str) -> dict[builtins.str, Any] | None:
        """Django's settings for a database address; None when it is not set."""
        url = self.server(name)
        if not url:
            return None
        if url.partition("://")[0] not in _DATABASE_SCHEMES:
            raise WrongSetting(name, "names no database that SyteOps runs on", _DATABASE_CURE)
        try:
            database: dict[str, Any] = environ.Env.db_url_config(url)
        except ValueError:
            raise WrongSetting(name, "is no database address", _DATABASE_CURE) from None
        if database["NAME"] in ("", ":memory:"):
            raise WrongSetting(name, "names no database behind the last /", _DATABASE_CURE)
        if "sqlite" in database["ENGINE"]:
            database["NAME"] = str(BASE_DIR / database["NAME"])
        return database

    def email_sender(self, name: builtins.str, default: builtins.str) -> builtins.str:
        """One address that mail comes from, with or without a name (RFC 5322).

        Its host is in ASCII, as it is sent.
        """
        text = self.str(name, default)
        found = getaddresses([text])
        user, at, host = found[0][1].rpartition("@") if len(found) == 1 else ("", "", "")
        is_good = bool(user and at and text.isprintable()) and not set(user + host) & set(" @<>,")
        if not (is_good and user.isascii() and (sent := host_in_ascii(host))):
            raise WrongSetting(
                name,
                f"is {text!r}, which is not one address",
                'Write it like ops@example.com or "Team, Ops" <ops@example.com>: '
                "a name with a comma needs quotes.",
            )
        return text.replace(f"@{host}", f"@{sent}")

    def email_server(self, name: builtins.str) -> dict[builtins.str, Any] | None:
        """How to reach the mail server at that address; None when it is not set."""
        url = self.str(name)
        if not url:
            return None
        try:
            parts = urlsplit(url)
            port = parts.port or _EMAIL_PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise WrongSetting(name, "is no address of a mail server", _EMAIL_CURE) from None
        if not parts.hostname:
            raise WrongSetting(name, "names no mail server", _EMAIL_CURE)
        username, password = unquote(parts.username or ""), unquote(parts.password or "")
        if not (username + password).isascii():  # Python's smtplib raises at each mail
            cure = "Mail cannot be sent with those: set others at the mail server."
            raise WrongSetting(name, "has a user name or password beyond ASCII", cure)
        return {
            "host": parts.hostname,
            "port": port,
            "username": username,
            "password": password,
            "use_tls": parts.scheme == "smtp+tls",
            "use_ssl": parts.scheme == "smtp+ssl",
            "timeout": 10,
        }


def _is_installed(app: str) -> bool:
    """Whether `app` is a package, or a class in a module, that can be imported."""
    module = app.rpartition(".")[0] if app.rpartition(".")[2][:1].isupper() else app
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


env = Environment()


def read_settings_file() -> Path | None:
    """Take over what SYTEOPS_ENV_FILE, else `.env` in the project, sets; the file that was read.

    What the environment has already stays as it is there, also where it is blank.
    """
    given = env.str("SYTEOPS_ENV_FILE")
    path = BASE_DIR / (given or ".env")
    if not given and ("SYTEOPS_ENV_FILE" in os.environ or not os.path.lexists(path)):
        return None  # a link that leads nowhere is there: what it leads to is missing
    if not given and path.is_dir():
        return None  # an environment of Python's may be called so, too
    try:
        found = parse_env_file(read_text(path))
    except (OSError, ValueError) as error:
        text = str(error) if isinstance(error, WrongLine) else "it is not text in UTF-8"
        problem = getattr(error, "strerror", None) or text
        raise WrongSetting(
            "SYTEOPS_ENV_FILE",
            f"cannot be read ({path}: {problem})",
            "Write one NAME=value a line, and let this user read the file.",
        ) from None
    for name, value in found.items():
        os.environ.setdefault(name, value)
    return path.resolve()


SETTINGS_FILE = read_settings_file()


def data_dir() -> Path:
    """Where this site is kept, wherever a command is started: else it would begin another there."""
    given = env.str("SYTEOPS_DATA_DIR")
    if given.startswith(("~", "$", '"', "'")):  # quotes, too, reach us past a shell
        problem = f"is {given!r}, of which only a shell makes a path"
        raise WrongSetting("SYTEOPS_DATA_DIR", problem, "Write the whole path.")
    return (BASE_DIR / (given or "var")).resolve()


DATA_DIR = data_dir()


def require_owner(data_dir: Path) -> None:
    """Raises WrongSetting for another account than the one whose site this is, root included.

    What that account made here, such as the lock files, the site itself could not write any more.
    """
    mine = data_dir / "secrets"
    try:
        owner = (mine if mine.exists() else data_dir).stat().st_uid
    except OSError:
        return  # nothing there yet, or nothing for us: whoever needs it says so
    me = os.geteuid()
    if me == owner or (me != 0 and not mine.exists()):
        return
    name = _account(owner)
    raise WrongSetting(
        "SYTEOPS_DATA_DIR",
        f"is {data_dir}, which belongs to {name}, and this is {_account(me)}",
        f"Run this as {name}: sudo -u {name} …",
    )


def _account(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"#{number}"


require_owner(DATA_DIR)


def inherited_environment() -> dict[str, str]:
    """A copy of this process's environment, for programs that it starts."""
    return dict(os.environ)


def new_secret() -> str:
    """384 random bits, URL-safe."""
    return secrets.token_urlsafe(48)


def kept_secret(name: str, make: Callable[[], str] = new_secret) -> str:
    """The secret called `name` from the data directory, made on first use.

    Safe under several processes starting at once: the file appears whole under its final name or
    not at all, and whoever comes second reads the first one's secret. Raises WrongSetting when the
    data directory cannot keep it.
    """
    path = secret_path(name)
    try:
        if not path.exists():
            _write_once(path, make())
        secret, problem = read_text(path, "ascii").strip(), "is empty or no text"
    except UnicodeDecodeError:
        secret, problem = "", "is no text"
    except NoPlainFile as other:
        secret, problem = "", str(other.strerror)
    except OSError as error:
        raise WrongSetting(
            "SYTEOPS_DATA_DIR",
            f"cannot keep secrets ({path}: {error.strerror})",
            "Give it a directory that this user may write to.",
        ) from None
    if not secret or not secret.isprintable():
        raise WrongSetting(
            name.upper(),
            f"cannot be read from {path}, which {problem}",
            "Restore this file from a backup.",
        )
    return secret


def found_secret(name: str) -> str:
    """The same, but "" where there is none yet: whether one may be made the database knows."""
    return kept_secret(name) if secret_path(name).exists() else ""


def secret_path(name: str) -> Path:
    """Where the data directory keeps the secret called `name`."""
    return DATA_DIR / "secrets" / name


def _write_once(path: Path, text: str) -> None:
    # One after the other: `mode` does not hold for parents that are made on the way.
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
