"""Where the tables were; gone when nothing imports them from here."""

from tests.support.tables import Tables as Tables
from tests.support.tables import values as values
