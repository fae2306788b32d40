"""Pydantic models as clients write them, for libraries that ask a language model for them."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import IntEnum, StrEnum
from ipaddress import IPv4Address
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AnyUrl,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    HttpUrl,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    conlist,
    constr,
    field_validator,
    model_validator,
)

Item = TypeVar("Item")


class Mood(StrEnum):
    """A mood."""

    HAPPY = "happy"
    NEUTRAL = "neutral"
    SAD = "sad"


class Priority(IntEnum):
    """A priority."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class User(BaseModel):
    """A user."""

    name: str
    age: int


class Person(BaseModel):
    """A person mentioned in the text."""

    name: str = Field(description="The full name")
    age: int = Field(ge=0, le=130, description="Age in years")
    email: EmailStr | None = None


class Address(BaseModel):
    """An address."""

    street: str
    city: str
    postal_code: str = Field(pattern=r"^\d{5}$")
    country: str = "US"


class Customer(BaseModel):
    """A customer."""

    id: UUID
    name: str
    address: Address
    tags: list[str] = Field(default_factory=list)


class OrderLine(BaseModel):
    """An order line."""

    sku: str = Field(pattern=r"^[A-Z]{3}-\d{4}$")
    quantity: PositiveInt
    unit_price: Decimal = Field(gt=0, max_digits=8, decimal_places=2)


class Order(BaseModel):
    """An order."""

    order_id: str
    lines: list[OrderLine] = Field(min_length=1)
    placed_at: datetime
    status: Literal["pending", "shipped", "delivered"]


class Sentiment(BaseModel):
    """A sentiment."""

    label: Literal["positive", "negative", "neutral"]
    confidence: float = Field(ge=0, le=1)


class MoodReport(BaseModel):
    """A mood report."""

    mood: Mood
    reason: str


class Ticket(BaseModel):
    """A ticket."""

    title: str = Field(max_length=80)
    priority: Priority
    assignee: str | None
    due: date | None = None


class MultiLabel(BaseModel):
    """Several labels of a text."""

    classes: list[Literal["billing", "bug", "feature", "other"]]


class Reasoned(BaseModel):
    """An answer with the thoughts before it."""

    chain_of_thought: str = Field(description="Think step by step")
    answer: str


class Page(BaseModel):
    """A page."""

    url: HttpUrl
    title: str
    links: list[AnyUrl] = []


class Meeting(BaseModel):
    """A meeting."""

    title: str
    on: date
    at: time
    length: timedelta
    attendees: list[EmailStr]


class Invoice(BaseModel):
    """An invoice."""

    number: str = Field(pattern=r"^INV-\d{6}$")
    total: Decimal
    currency: Literal["USD", "EUR", "GBP"]
    paid: bool = False


class Cat(BaseModel):
    """A cat."""

    kind: Literal["cat"]
    lives: int = Field(ge=1, le=9)


class Dog(BaseModel):
    """A dog."""

    kind: Literal["dog"]
    good: bool


class Pet(BaseModel):
    """A pet."""

    owner: str
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


class Zoo(BaseModel):
    """A zoo."""

    animals: list[Annotated[Cat | Dog, Field(discriminator="kind")]]


class Tree(BaseModel):
    """A tree."""

    value: int
    children: list["Tree"] = []


class Linked(BaseModel):
    """A linked list."""

    item: str
    next: "Linked | None" = None


class Inventory(BaseModel):
    """An inventory."""

    counts: dict[str, int]
    prices: dict[str, float] = {}


class Settings(BaseModel):
    """Settings of any name."""

    values: dict[str, str | int | bool]


class Loose(BaseModel):
    """A model of anything."""

    data: dict[str, Any]
    anything: Any = None


class Strict(BaseModel):
    """A model without other properties."""

    model_config = ConfigDict(extra="forbid")
    name: str
    size: int = Field(gt=0, lt=100)


class Aliased(BaseModel):
    """A model whose properties have other names on the wire."""

    model_config = ConfigDict(populate_by_name=True)
    first_name: str = Field(alias="firstName")
    last_name: str = Field(alias="lastName")


class Point(BaseModel):
    """A point."""

    x: float
    y: float


class Polygon(BaseModel):
    """A polygon."""

    points: conlist(Point, min_length=3, max_length=8)  # type: ignore[valid-type]
    label: str | None = None


class Box(BaseModel):
    """A box."""

    corners: tuple[float, float, float, float]
    label: str


class Pair(BaseModel, Generic[Item]):
    """A pair."""

    left: Item
    right: Item


class Span(Pair[int]):
    """A span."""

    note: str = ""


class Initials(BaseModel):
    """Short texts of certain lengths and letters."""

    code: constr(min_length=3, max_length=6, to_upper=False)  # type: ignore[valid-type]
    initials: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,3}$")]


class Score(BaseModel):
    """A score."""

    score: int = Field(ge=1, le=10, description="From 1 (worst) to 10 (best)")
    explanation: str


class Even(BaseModel):
    """An even number."""

    number: int = Field(multiple_of=2, ge=0)


class Weather(BaseModel):
    """The weather of a city."""

    city: str
    temperature: float
    unit: Literal["celsius", "fahrenheit"] = "celsius"
    humidity: float | None = Field(default=None, ge=0, le=100)


class Recipe(BaseModel):
    """A recipe."""

    name: str
    servings: PositiveInt
    ingredients: list[str] = Field(min_length=2)
    steps: list[str]
    minutes: NonNegativeInt


class Movie(BaseModel):
    """A movie."""

    title: str
    year: int = Field(ge=1888, le=2100)
    genres: set[str]
    rating: PositiveFloat | None = None


class Unique(BaseModel):
    """Different ids."""

    ids: set[int] = Field(min_length=2)


class Host(BaseModel):
    """A host."""

    address: IPv4Address
    port: int = Field(ge=1, le=65535)


class Citation(BaseModel):
    """A citation."""

    quote: str
    page: int | None = None


class Answer(BaseModel):
    """An answer."""

    answer: str
    citations: list[Citation]


class Query(BaseModel):
    """A plan of searches."""

    id: int
    question: str
    depends_on: list[int] = Field(default_factory=list, description="Ids of earlier queries")


class QueryPlan(BaseModel):
    """A query plan."""

    queries: list[Query] = Field(min_length=1)


class Triple(BaseModel):
    """A triple."""

    subject: str
    predicate: str
    object_: str = Field(alias="object")


class Graph(BaseModel):
    """A graph."""

    triples: list[Triple]


class Positive(BaseModel):
    """A validator that the schema also says."""

    amount: int = Field(gt=0)

    @field_validator("amount")
    @classmethod
    def check_positive(cls, value: int) -> int:
        """Refuse what is not above zero."""
        if value <= 0:
            raise ValueError("must be > 0")
        return value


class Named(BaseModel):
    """A validator that cleans up."""

    name: str = Field(min_length=1)

    @field_validator("name")
    @classmethod
    def strip(cls, value: str) -> str:
        """Remove white space."""
        return value.strip()


class Maybe(BaseModel):
    """A result, or a message about why there is none."""

    result: User | None = None
    error: bool = False
    message: str | None = None

    @model_validator(mode="after")
    def check(self) -> "Maybe":
        """Accept whatever is consistent."""
        return self


class Company(BaseModel):
    """A company."""

    name: str
    founded: int | None
    ceo: Person
    offices: dict[str, Address]
    website: HttpUrl | None = None


class Event(BaseModel):
    """An event."""

    name: str
    starts: datetime
    kind: Mood | Literal["unknown"]
    participants: list[Person] = Field(max_length=5)


class Nested(BaseModel):
    """Arrays of arrays."""

    matrix: list[list[float]]
    grid: list[list[Literal["x", "o", ""]]]


class Action(BaseModel):
    """An action."""

    name: Literal["search", "stop"]
    arguments: dict[str, str] = {}


class Plan(BaseModel):
    """A plan."""

    thought: str
    actions: list[Action] = Field(min_length=1, max_length=3)
    done: bool


MODELS: tuple[type[BaseModel], ...] = (
    User, Person, Address, Customer, Order, Sentiment, MoodReport, Ticket, MultiLabel, Reasoned, Page, Meeting,
    Invoice, Pet, Zoo, Tree, Linked, Inventory, Settings, Loose, Strict, Aliased, Polygon, Box, Span, Initials,
    Score, Even, Weather, Recipe, Movie, Unique, Host, Answer, QueryPlan, Graph, Positive, Named, Maybe, Company,
    Event, Nested, Action, Plan,
)  # fmt: skip
"""One model for each kind of field that clients use."""
