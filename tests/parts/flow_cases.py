"""Flows of every kind, as text: what is read from their source is compared with what Prefect says.

`PARAMETERS` are lists of parameters; each becomes the flow of a file of its own that starts with
`HEADER`. `FILES` are whole files, whose flow is `f` unless the key names another one.
"""

# Each source stands on a line of its own.
# ruff: noqa: E501

HEADER = '''\
import datetime
import datetime as dt
import decimal
import enum
import pathlib
import typing
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, Dict, FrozenSet, List, Literal, Optional, Set, Tuple, Type, Union
from uuid import UUID

import pydantic
from prefect import flow
from pydantic import BaseModel, Field, SecretStr, conint, constr

LIMIT = 12
NAME = "north"
RATIO = -0.5
DAYS = 60 * 60 * 24
PLACES = ["a", "b"]
SETTINGS = {"a": 1, "b": [True, None]}
START = date(2024, 1, 1)
PAGE = LIMIT * 2 + 1
GREETING = f"hello {NAME} {LIMIT}"
Number = Union[int, float]
Text = Annotated[str, Field(min_length=2)]


class Tier(str, Enum):
    """How much it costs."""

    FREE = "free"
    PAID = "paid"


class Level(IntEnum):
    LOW = 1
    HIGH = enum.auto()

    @property
    def loud(self):
        return self.name.upper()


class Shape(Enum):
    ROUND = "round"
    OTHER = 7
    NONE = None


class Source(BaseModel):
    """Where rows come from."""

    name: str = Field(description="As in the catalogue.", min_length=1)
    shards: int = Field(default=1, ge=1, le=64)
    tier: Tier = Tier.FREE
    since: Optional[datetime.date] = None


class Job(BaseModel):
    model_config = {"extra": "forbid", "title": "A job"}

    sources: list[Source]
    tags: dict[str, str] = {}
    dry_run: bool = Field(False, title="Only look", alias="dryRun")

    def total(self) -> int:
        return len(self.sources)


class Bigger(Source):
    size: int = 3

'''

PARAMETERS = [
    "",
    "x",
    "x, y, z",
    "x=1",
    "x=None",
    "x, /, y, *, z",
    "x: int",
    "x: float, y: str, z: bool",
    "x: bytes = b'abc'",
    "x: int = 3, y: float = 0.5, z: str = 'text', w: bool = True",
    "x: float = 1",
    "x: int = 'three'",
    "x: int = -3, y: float = -0.5, z: int = +1",
    "x: int = 99999999999999999999999",
    "x: str = 'späße \\u2603 \\t'",
    "x: str = ''",
    "x: str = 'half \\ud800'",
    "x: float = 1e400",
    "x: Any, y: Any = None, z: object = None",
    "x: None, y: None = None",
    "x: complex = 1j",
    "x: list, y: dict, z: set, w: tuple, v: frozenset",
    "x: List, y: Dict, z: Set, w: Tuple, v: FrozenSet",
    "x: list[int], y: dict[str, int], z: set[str], w: tuple[int, str], v: frozenset[float]",
    "x: List[int], y: Dict[str, int], z: Set[str], w: Tuple[int, str], v: FrozenSet[float]",
    "x: tuple[int, ...], y: Tuple[str, ...], z: tuple[()]",
    "x: dict[int, str], y: dict[str, dict[str, list[float]]]",
    "x: list[int] = [1, 2], y: list = [], z: dict = {}, w: dict[str, Any] = {'a': [1, {'b': None}]}",
    "x: tuple[int, str] = (1, 'a'), y: set[int] = {3, 1, 2}, z: frozenset = frozenset({1})",
    "x: Optional[int], y: Optional[str] = None, z: Optional[list[int]] = None",
    "x: Union[int, str], y: Union[str, int] = 'a', z: Union[int, None] = None",
    "x: Union[int, str, None] = None, y: Optional[Union[int, str]] = None",
    "x: int | None = None, y: str | int | None = 3, z: list[int | str] | None = None",
    "x: list[Union[int, str]], y: list[Union[str, int]], z: List[Union[int, str]]",
    "x: list[Optional[int]], y: dict[str, Optional[list[Optional[str]]]] = {}",
    "x: Literal['a'], y: Literal['a', 'b'] = 'a', z: Literal[1, 2, None, True] = None",
    "y: Literal[b'x', 'y'], x: Optional[Literal['a', 'b']] = None",
    "x: Literal[Tier.FREE, Tier.PAID] = Tier.FREE",
    "x: date, y: datetime.datetime, z: time, w: timedelta, v: dt.date",
    "x: date = date(2024, 1, 1), y: dt.datetime = dt.datetime(2024, 1, 1, 12, tzinfo=timezone.utc)",
    "x: timedelta = timedelta(days=1, hours=2), y: time = time(1, 2), z: timedelta = -timedelta(days=1)",
    "x: date = START, y: date = START + timedelta(days=1)",
    "x: UUID, y: uuid.UUID = UUID('00000000-0000-0000-0000-000000000001')",
    "x: Path, y: pathlib.Path = Path('out') / 'a', z: Path | None = None",
    "x: Decimal, y: decimal.Decimal = Decimal('1.50'), z: Decimal = 3",
    "x: Sequence[int], y: Iterable[str] = (), z: Mapping[str, int] = {}",
    "x: typing.Sequence[int] = (1, 2), y: typing.Mapping[str, Any] = {}",
    "x: Callable, y: Callable[[int], str] = None, z: typing.Callable[..., Any] = print",
    "x: Type[int], y: type, z: type[str] = str",
    "x: typing.Pattern, y: typing.Hashable = None, z: typing.Text = 'a'",
    "x: Annotated[int, Field(gt=3, le=9)], y: Annotated[str, 'a note'] = 'x'",
    "x: Annotated[int, Field(description='own', title='Own', examples=[1])] = 5, y: Text = 'ab'",
    "x: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] = [1]",
    "x: Optional[Annotated[str, Field(pattern='^a')]] = None",
    "x: Number, y: Optional[Number] = None, z: list[Number] = [1, 0.5]",
    "x: conint(gt=1), y: constr(min_length=2) = 'ab', z: pydantic.conlist(int, max_length=3) = []",
    "x: pydantic.PositiveInt = 1, y: pydantic.StrictStr = 'a', z: pydantic.NonNegativeFloat = 0.0",
    "x: SecretStr, y: SecretStr = SecretStr('s'), z: pydantic.SecretBytes = None",
    "x: pydantic.HttpUrl = 'https://example.com', y: pydantic.AnyUrl = None",
    "x: pydantic.Json = None, y: pydantic.FilePath = None, z: pydantic.AwareDatetime = None",
    "x: Tier, y: Tier = Tier.FREE, z: Optional[Tier] = None, w: list[Tier] = [Tier.PAID]",
    "x: Level = Level.HIGH, y: Shape = Shape.OTHER, z: dict[str, Shape] = {}",
    "x: Tier = 'free', y: str = Tier.FREE, z: str = Tier.FREE.value, w: str = Tier.PAID.name",
    "x: Union[Tier, Level, None] = None, y: Tier = Tier('paid')",
    "x: Source, y: Optional[Source] = None, z: list[Source] = []",
    "x: Job, y: Source = Source(name='spare'), z: Bigger = None",
    "x: Job | Source | None = None, tier: Tier = Tier.PAID",
    "x: int = LIMIT, y: str = NAME, z: float = RATIO, w: int = DAYS, v: int = PAGE",
    "x: str = GREETING, y: str = f'{NAME}-{LIMIT}', z: str = 'a' + NAME, w: str = 'a' 'b'",
    "x: list[str] = PLACES, y: dict = SETTINGS, z: list = [LIMIT, NAME]",
    "x: int = Field(3), y: int = Field(default=3, description='said', gt=1), z: int = Field(gt=1)",
    "x: str = Field('a', json_schema_extra={'format': 'password'}), y: int = Field(..., title='No')",
    "x: list = Field(default_factory=list), y: int = Field(3, json_schema_extra={'position': 9})",
    "*args, **kwargs",
    "x, *rest: int, only: str = 'n', **others: float",
    "*args: str, **kwargs: Any",
    "schema: dict, json: str, copy: bool = True, dict: int = 1",
    "model_name: str = 'x', model_fields: int = 1, register: int = 2, fields: str = ''",
    "self, x: int, cls: int = 3",
    "cls, x: int",
    "x: ..., y: int = ...",
    "x: 'int', y: 'Optional[str]' = None, z: int = 1",
    "x: 'list[int]' = [], y: 'Missing' = None, z: 'int' = 1, w: 'Optional[int]' = None",
    "x: typing.Any = typing.Any",
    "x: BaseModel = None, y: Enum = None",
    "x: typing.TypedDict = None",
    "x: 'typing.Optional[int]' = None, y: 'Nowhere | None' = None, z: 't.Any' = None",
    "x: float = float('1.5'), y: int = int(3.7), z: list = list((1, 2)), w: dict = dict(a=1)",
    "x: bool = not LIMIT, y: int = LIMIT // 5 % 2, z: float = LIMIT / 5",
    "größe: int, 数: str = 'a', X: int = 1",
]

DOCUMENTED = '''
@flow
def f(x: int, y: str = "a", z=None, size: int = 1):
    """{}"""
'''

DOCSTRINGS = [
    "Short.",
    "",
    "   ",
    "Args:\n        x: right at the start",
    "Title.\n\n    Args:\n        x: the number\n        y: the text\n",
    "Title.\n\n    Args:\n        x (int): the number,\n            over two lines\n        y (str, optional): text: with colon\n",
    "Title.\n\n    Arguments:\n      x: two spaces\n      y:\n        below\n      z : spaced\n",
    "Title.\n\n    Parameters:\n        x: first\n\n        y: second\n\n    Returns:\n        int: x: no\n",
    "Title.\n\n    Params:\n        x: first\n        no colon here\n        y - dash: odd\n    x: outside\n",
    "Title.\n    Args:\n        x: no blank line above\n",
    "Title.\n\n    Args:\n\n        x: a blank line below\n",
    "Title.\n\n    Args:\n    x: not indented\n",
    "Title.\n\n    args:\n        x: lower case\n\n    ARGS:\n        y: twice\n",
    "Title.\n\n    Args: of the flow\n        x: titled\n",
    "Title.\n\n    Keyword Args:\n        x: other\n\n    Args:\n        y: this\n",
    "Title.\n\n    Note:\n        Args:\n            x: within a note\n\n    Args:\n        y: after\n",
    "Title.\n\n    Examples:\n        >>> f(1)\n\n    Args:\n        y: after examples\n",
    "Title.\n\n    ```\n    Args:\n        x: in a fence\n    ```\n\n    Args:\n        y: after the fence\n",
    "Title.\n\n    Args:\n        x: one\n          confusing\n             more\n        y: two\n    \n    Raises:\n        ValueError: y\n",
    "Title.\n\n    Parameters\n    ----------\n    x : int\n        numpy style\n    y\n        text\n",
    "Title.\n\n    :param x: sphinx style\n    :type x: int\n    :param str y: text\n",
    "Title.\n\n    Args:\n        *x: star\n        x: plain\n        x: again\n        unknown: nobody\n",
    "Title.\n\n\tArgs:\n\t\tx: tabs\n\t\ty: more\n",
    "Title.\n\n    Args:\n        x: `code` \\\\n and *stars* — ünïcode\n",
    "Title.\n\n    Attributes:\n        x: not a parameter\n\n    Args:\n        size: after attributes\n",
    "Title.\n\n    Args:\n        x:\n        y:    many spaces\n",
    "Title.\n\n    Warning:\n    not indented\n        x: deep\n\n    Args:\n        x: yes\n",
]

FILES = {
    "bare": "from prefect import flow\n@flow\ndef f(x: int): ...\n",
    "called": "from prefect import flow\n@flow()\ndef f(x: int): ...\n",
    "named": "from prefect import flow\n@flow(name='my flow', description='said', version='3')\ndef f():\n    'doc'\n",
    "name-empty": "from prefect import flow\n@flow(name='', description='', version='')\ndef my_f():\n    'doc'\n#my_f",
    "name-none": "from prefect import flow\n@flow(name=None, description=None)\ndef f_with_parts(): ...\n#f_with_parts",
    "module": "import prefect\n@prefect.flow(name='m')\ndef f(x: int): ...\n",
    "module-alias": "import prefect as pf\n@pf.flow\ndef f(x: int): ...\n",
    "flows-module": "import prefect.flows\n@prefect.flows.flow(log_prints=True)\ndef f(x: int): ...\n",
    "alias": "from prefect import flow as job\n@job(name='j')\ndef f(x: int): ...\n",
    "from-flows": "from prefect.flows import flow\n@flow\ndef f(x: int): ...\n",
    "async": "from prefect import flow\n@flow\nasync def f(x: int = 1):\n    '''Async.'''\n",
    "generator": "from prefect import flow\n@flow\ndef f(x: int = 1):\n    yield x\n",
    "constant-name": "from prefect import flow\nTEAM = 'logistics'\n@flow(name=f'{TEAM}: plan', description=TEAM + '!')\ndef f(): ...\n",
    "name-rebound": "from prefect import flow\nN = 'a'\n@flow(name=N)\ndef f(): ...\nN = 'b'\n",
    "other-options": "from prefect import flow\nfrom prefect.task_runners import ThreadPoolTaskRunner\nimport os\n@flow(retries=int(os.environ.get('NONE', '2')), retry_delay_seconds=5, task_runner=ThreadPoolTaskRunner(max_workers=2), flow_run_name='{x}', on_failure=[lambda *a: None])\ndef f(x: int = 1): ...\n",
    "wrapped": "from prefect import flow\ndef g(x: int):\n    '''G.'''\nf = flow(g)\n",
    "wrapped-named": "from prefect import flow\ndef g(x: int): ...\nf = flow(g, name='other')\n",
    "wrapped-called": "from prefect import flow\ndef g(x: int): ...\nf = flow(name='other', version='1')(g)\n",
    "with-options": "from prefect import flow\n@flow(name='a', description='first')\ndef g(x: int): ...\nf = g.with_options(name='b', retries=3)\n",
    "with-options-twice": "from prefect import flow\n@flow\ndef g_g(x: int):\n    '''G.'''\nh = g_g.with_options(name='b')\nf = h.with_options(description='d')\n",
    "another-name": "from prefect import flow\n@flow\ndef g(x: int): ...\nf = g\n",
    "defined-twice": "from prefect import flow\n@flow\ndef f(x: int): ...\n@flow(name='second')\ndef f(y: str): ...\n",
    "method": "from prefect import flow\nclass A:\n    @flow\n    def f(self, x: int, y: str = 'a'):\n        '''In a class.\n\n        Args:\n            x: the x\n        '''\n#A.f",
    "static-outside": "from prefect import flow\nclass A:\n    @staticmethod\n    @flow\n    def f(x: int): ...\n#A.f",
    "static-inside": "from prefect import flow\nclass A:\n    @flow(name='s')\n    @staticmethod\n    def f(x: int): ...\n#A.f",
    "class-inside": "from prefect import flow\nclass A:\n    @flow\n    @classmethod\n    def f(cls, x: int): ...\n#A.f",
    "nested-class": "from prefect import flow\nclass A:\n    class B:\n        @flow\n        def f(self, x: int): ...\n#A.B.f",
    "postponed": "from __future__ import annotations\nfrom prefect import flow\nfrom typing import Optional\n@flow\ndef f(x: Optional[int] = None, y: Later = 1) -> None: ...\nLater = int\n",
    "type-checking": "from __future__ import annotations\nfrom typing import TYPE_CHECKING, Optional\nfrom prefect import flow\nif TYPE_CHECKING:\n    import pandas as pd\n@flow\ndef f(frame: pd.DataFrame, x: int = 1, y: Optional[str] = None, z: list[int] | None = None): ...\n",
    "type-checking-return": "from __future__ import annotations\nimport typing\nfrom prefect import flow\nif typing.TYPE_CHECKING:\n    from pandas import DataFrame\n@flow\ndef f(x: int = 1, y: typing.Optional[str] = None, z: int = 1) -> DataFrame: ...\n",
    "type-checking-quoted": "from typing import TYPE_CHECKING, Optional\nfrom prefect import flow\nif TYPE_CHECKING:\n    import pandas as pd\n@flow\ndef f(frame: 'pd.DataFrame', x: int = 1, y: Optional[str] = None) -> 'pd.DataFrame': ...\n",
    "postponed-enum": "from __future__ import annotations\nfrom enum import Enum\nfrom prefect import flow\nclass C(Enum):\n    A = 'a'\n@flow\ndef f(x: C = C.A, y: list[C] | None = None): ...\n",
    "type-alias": "from typing import Literal, Optional\nfrom prefect import flow\nMode = Literal['fast', 'slow']\nMaybe = Optional[Mode]\n@flow\ndef f(x: Mode = 'fast', y: Maybe = None): ...\n",
    "main-block": "from prefect import flow\n@flow\ndef f(x: int = 1): ...\nif __name__ == '__main__':\n    f = 3\n    f()\n",
    "star-typing": "from prefect import flow\nX = 1\n@flow\ndef f(x=X): ...\n",
    "bom": "\ufefffrom prefect import flow\n@flow\ndef f(x: int): ...\n",
    "two-line-doc": "from prefect import flow\n@flow\ndef f():\n    '''\n      Indented.\n\n        More.\n    '''\n",
    "raw-doc": "from prefect import flow\n@flow\ndef f(x):\n    r'''Raw \\d.\n\n    Args:\n        x: \\w\n    '''\n",
    "f-doc": "from prefect import flow\n@flow\ndef f(x):\n    f'''No docstring.'''\n",
    "unique-enum": "import enum\nfrom prefect import flow\n@enum.unique\nclass C(enum.IntFlag):\n    A = enum.auto()\n    B = enum.auto()\n@flow\ndef f(x: C = C.A): ...\n",
    "enum-base": "import enum\nfrom prefect import flow\nclass Base(str, enum.Enum):\n    def shout(self): return self.value\nclass C(Base):\n    A = 'a'\n@flow\ndef f(x: C = C.A): ...\n",
}

TO_BE_RUN = {
    "dataclass": "from dataclasses import dataclass\nfrom prefect import flow\n@dataclass\nclass W:\n    a: int = 1\n@flow\ndef f(w: W): ...\n",
    "plain-class": "from prefect import flow\nclass W: ...\n@flow\ndef f(w: W, ws: list[W] = []): ...\n",
    "typed-dict": "from typing_extensions import TypedDict\nfrom prefect import flow\nclass W(TypedDict):\n    a: int\n@flow\ndef f(w: W): ...\n",
    "validator": "from prefect import flow\nfrom pydantic import BaseModel, field_validator\nclass M(BaseModel):\n    a: int\n    @field_validator('a')\n    def b(cls, v): return v\n@flow\ndef f(m: M): ...\n",
    "computed-name": "from prefect import flow\n@flow(name='-'.join(['a', 'b']))\ndef f(): ...\n",
    "other-decorator": "import functools\nfrom prefect import flow\ndef d(g):\n    @functools.wraps(g)\n    def h(*a, **k): ...\n    return h\n@flow\n@d\ndef f(x: int):\n    '''Doc.'''\n",
    "own-decorator": "import functools\nfrom prefect import flow\njob = functools.partial(flow, name='own')\n@job\ndef f(x: int): ...\n",
    "conditional": "import sys\nfrom prefect import flow\nif sys.version_info > (3, 0):\n    @flow\n    def f(x: int): ...\nelse:\n    f = None\n",
    "try-import": "try:\n    from prefect import flow\nexcept ImportError:\n    flow = None\n@flow\ndef f(x: int): ...\n",
    "looped-default": "from prefect import flow\nfor N in range(3): pass\n@flow\ndef f(x: int = N): ...\n",
    "changed-default": "from prefect import flow\nL = [1]\nL.append(2)\n@flow\ndef f(x: list = L): ...\n",
    "global-default": "from prefect import flow\nN = 1\ndef g():\n    global N\n    N = 2\ng()\n@flow\ndef f(x: int = N): ...\n",
    "star-import": "from math import *\nfrom prefect import flow\n@flow\ndef f(x: float = pi): ...\n",
    "made-by-globals": "from prefect import flow\n@flow(name='made')\ndef g(x: int): ...\nglobals()['f'] = g\n",
    "inherited-method": "from prefect import flow\nclass B:\n    @flow\n    def f(self, x: int): ...\nclass A(B): ...\n#A.f",
    "new-type": "from typing import NewType\nfrom prefect import flow\nU = NewType('U', int)\n@flow\ndef f(x: U, y: list[U] = []): ...\n",
    "comprehension": "from prefect import flow\n@flow\ndef f(x: list = [i for i in range(3)]): ...\n",
    "lambda-default": "from prefect import flow\n@flow\ndef f(x=lambda: 1, y: int = max(1, 2)): ...\n",
    "forward-in-list": "from typing import Optional\nfrom prefect import flow\n@flow\ndef f(x: Optional['int'] = None, y: list['str'] = []): ...\n",
    "prints": "import sys\nfrom prefect import flow\nprint('noise')\nsys.stdout.write('{}')\n@flow\ndef f(x: int = len('abc')): ...\n",
    "sibling": "from prefect import flow\nfrom beside import Thing\n@flow\ndef f(x: Thing = Thing.A): ...\n",
    "model-with-other": "from pydantic import BaseModel\nfrom prefect import flow\nfrom beside import Thing\nclass M(BaseModel):\n    t: Thing\n@flow\ndef f(m: M): ...\n",
    "vararg-decorated": "from prefect import flow\n@flow(**{'name': 'spread'})\ndef f(x: int): ...\n",
}
"""Flows that only running their code can tell, and that are read by running it."""

BESIDE = "import enum\nclass Thing(enum.Enum):\n    A = 'a'\n    B = 'b'\n"
