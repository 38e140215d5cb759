"""A client of Foldstream: commands by topic or over HTTP, queries that show what was just written,
and the log with its validity. Begin with README.md beside this package."""

from pkgutil import extend_path

# In the repository the generated messages (foldstream.v1, foldstream.orders.v1) are in another
# folder of the path; in an installed package they are here.
__path__ = extend_path(__path__, __name__)

from foldstream.answers import FromLog, Replies
from foldstream.http_client import Answer, HttpClient
from foldstream.log import Place, Unreadable
from foldstream.outcome import (
    EventReference,
    Invalid,
    NotCaughtUp,
    NotFound,
    Outcome,
    OutcomeUnknown,
    Problem,
    VersionConflict,
    Violation,
)
from foldstream.position import Position
from foldstream.sender import Sent, Undelivered
from foldstream.tail import Event, LogEntry, LogTail
from foldstream.topic_client import TopicClient

__all__ = [
    "Answer",
    "Event",
    "EventReference",
    "FromLog",
    "HttpClient",
    "Invalid",
    "LogEntry",
    "LogTail",
    "NotCaughtUp",
    "NotFound",
    "Outcome",
    "OutcomeUnknown",
    "Place",
    "Position",
    "Problem",
    "Replies",
    "Sent",
    "TopicClient",
    "Undelivered",
    "Unreadable",
    "VersionConflict",
    "Violation",
]
