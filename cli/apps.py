"""`guildbook apps`: credentials for programs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.output import print_table, tell
from cli.permissions import AppNumber, listed, permissions_option
from cli.places import data_option
from domain.permissions import APP_BITS, Permission

