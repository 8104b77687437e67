"""Where the project was; gone when nothing imports it from here."""

from tests.support.project import Project as Project
