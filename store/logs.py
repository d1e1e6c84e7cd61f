"""Logs as JSON lines on standard error, the same for every process."""

import logging
import sys

import orjson
import structlog


def _dumps(fields: object, **_: object) -> str:
    return orjson.dumps(fields, default=repr).decode()


def setup_logs(level: str, process: str) -> None:
    """Write from this level on, each line with the name of the process."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(process=process)
