"""What libraries log, in the same JSON lines as what we log."""

import logging
import logging.config
from datetime import UTC, datetime
from typing import Any

import msgspec


class JsonLines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        fields: dict[str, object] = {
            "process": self._process,
            "logger": record.name,
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(fields).decode()


def library_logs(process: str) -> dict[str, Any]:
    """Return a configuration of `logging` that writes warnings to standard error, access logs nowhere."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "cli.json_lines.JsonLines", "process": process}},
        "handlers": {"json": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "root": {"handlers": ["json"], "level": "WARNING"},
        "loggers": {},
    }


def setup_library_logs(process: str) -> None:
    """Write what libraries of this process have to say."""
    logging.config.dictConfig(library_logs(process))
