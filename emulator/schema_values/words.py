"""The words of which believable values are made."""

from typing import NamedTuple


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class Town(NamedTuple):
    """A city, with its region, country and language."""

    city: str
    region: str
    country: str
    code: str
    postal_code: str
    dialling: str
    latitude: float
    longitude: float
    timezone: str
    language: str
    currency: str
    airport: str

    @property
    def locale(self) -> str:
        """The language and country, as a BCP 47 tag."""
        return f"{self.language}-{self.code}"


COMMON = _words(
    """
    amber anchor apple archive atlas autumn bamboo basil beacon birch blue bridge bright calm canyon cedar circle
    clear cloud coast cobalt compass copper coral crystal daily delta drift eagle early east ember engine evening
    fable falcon field flint forest garden gentle glass golden granite green harbor haven hazel hill horizon indigo
    iron island ivory jade juniper keystone lake lantern leaf light lime linen lotus lunar maple marble market meadow
    metro mint mirror morning mosaic nimbus north oak ocean olive onyx opal orbit orchard otter paper path pearl
    pebble pine pixel planet prairie prism quartz quiet rapid raven reef ridge river robin rocket sage sail sand
    sequoia shadow shore signal silver simple sky slate solar spark spring spruce star stone storm stream summit sunny
    swift thistle tide timber topaz trail tulip valley velvet vertex violet wave west willow winter wonder zen
    """
)

FIRST_NAMES = _words(
    """
    Ada Aisha Alejandro Amara Amelia Anders Anika Arjun Astrid Benjamin Camila Carlos Chen Chloe Daniel Daniela David
    Elena Elias Emma Ethan Fatima Felix Freya Gabriel Grace Hana Hannah Hugo Ibrahim Ines Isaac Isabel Jamal James
    Jonas Julia Kaito Karim Katarina Kenji Laila Lars Laura Leila Leo Liam Linnea Lucas Lucia Maja Marco Maria Mateo
    Maya Mei Mila Mohammed Nadia Naomi Nia Noah Nora Olivia Omar Oscar Paolo Priya Quinn Rafael Ravi Rosa Ruth Samir
    Samuel Sara Sofia Stella Tariq Thomas Tomas Uma Valentina Viktor Wei Yara Yuki Zara Zoe
    """
)

LAST_NAMES = _words(
    """
    Abbott Adeyemi Ahmed Almeida Andersson Bauer Bennett Bergstrom Bianchi Brooks Carter Castillo Chang Chen Cohen
    Costa Cruz Dahl Delgado Diallo Dubois Evans Fernandez Fischer Flores Foster Fujita Garcia Gupta Haddad Hansen
    Hassan Hayes Hoffman Hughes Ito Ivanova Jensen Johansson Kaplan Kelly Khan Kim Kovacs Larsen Lee Lindqvist Lopez
    Marchetti Martin Mbeki Mendoza Meyer Morales Moreau Murphy Nakamura Navarro Nguyen Novak Okafor Oliveira Olsen
    Park Patel Pereira Petrov Quinn Ramirez Rao Reyes Rossi Russo Sanchez Santos Sato Schmidt Shah Silva Singh
    Sorensen Tanaka Torres Turner Vargas Walker Wang Weber Wright Yamamoto Yilmaz Zhang
    """
)

COMPANY_TAILS = ("Labs", "Systems", "Group", "Works", "Partners", "Logistics", "Foods", "Energy", "Health", "Studio")

STREETS = (
    "Maple Street",
    "Oak Avenue",
    "Harbor Road",
    "Station Street",
    "Elm Lane",
    "Church Road",
    "Mill Lane",
    "Park Avenue",
    "River Walk",
    "Cedar Court",
    "Highland Drive",
    "Market Square",
)

TOWNS = (
    Town("Lisbon", "Lisboa", "Portugal", "PT", "1100-148", "+351", 38.7223, -9.1393, "Europe/Lisbon", "pt",
         "EUR", "LIS"),
    Town("Austin", "TX", "United States", "US", "78701", "+1", 30.2672, -97.7431, "America/Chicago", "en",
         "USD", "AUS"),
    Town("Kyoto", "Kyoto", "Japan", "JP", "604-8571", "+81", 35.0116, 135.7681, "Asia/Tokyo", "ja", "JPY", "KIX"),
    Town("Berlin", "Berlin", "Germany", "DE", "10115", "+49", 52.52, 13.405, "Europe/Berlin", "de", "EUR", "BER"),
    Town("Toronto", "ON", "Canada", "CA", "M5H 2N2", "+1", 43.6532, -79.3832, "America/Toronto", "en", "CAD", "YYZ"),
    Town("Lyon", "Rhone", "France", "FR", "69001", "+33", 45.764, 4.8357, "Europe/Paris", "fr", "EUR", "LYS"),
    Town("Melbourne", "VIC", "Australia", "AU", "3000", "+61", -37.8136, 144.9631, "Australia/Melbourne", "en",
         "AUD", "MEL"),
    Town("Nairobi", "Nairobi", "Kenya", "KE", "00100", "+254", -1.2921, 36.8219, "Africa/Nairobi", "sw", "KES", "NBO"),
    Town("Seattle", "WA", "United States", "US", "98101", "+1", 47.6062, -122.3321, "America/Los_Angeles",
         "en", "USD", "SEA"),
    Town("Leeds", "West Yorkshire", "United Kingdom", "GB", "LS1 4AP", "+44", 53.8008, -1.5491, "Europe/London", "en",
         "GBP", "LBA"),
    Town("Pune", "Maharashtra", "India", "IN", "411001", "+91", 18.5204, 73.8567, "Asia/Kolkata", "hi", "INR", "PNQ"),
    Town("Valencia", "Valencia", "Spain", "ES", "46001", "+34", 39.4699, -0.3763, "Europe/Madrid", "es", "EUR", "VLC"),
    Town("Gothenburg", "Vastra Gotaland", "Sweden", "SE", "411 03", "+46", 57.7089, 11.9746, "Europe/Stockholm", "sv",
         "SEK", "GOT"),
    Town("Denver", "CO", "United States", "US", "80202", "+1", 39.7392, -104.9903, "America/Denver", "en",
         "USD", "DEN"),
)  # fmt: skip

SENTENCES = (
    "Works well for small teams and grows with them.",
    "Please check the details before Friday.",
    "A short overview of the most important points.",
    "Everything is ready for the next step.",
    "The first version was well received by its users.",
    "Delivery takes two to three working days.",
    "This was updated after the last review.",
    "Designed to be simple, quick and easy to maintain.",
    "The results are better than we expected.",
    "Contact the support team if anything is unclear.",
    "It runs every night and reports in the morning.",
    "Keeps related records together in one place.",
)

TITLES = (
    "A Quiet Morning in the Valley",
    "Getting Started",
    "Quarterly Review",
    "The Long Way Home",
    "Field Notes",
    "Weekly Planning",
    "A Guide for New Members",
    "Lessons from the First Year",
)

PRODUCTS = (
    "Wireless Headphones",
    "Standing Desk",
    "Ceramic Mug",
    "Running Shoes",
    "Travel Backpack",
    "Desk Lamp",
    "Espresso Machine",
    "Mechanical Keyboard",
    "Water Bottle",
    "Wool Blanket",
)

JOBS = (
    "Software Engineer",
    "Product Manager",
    "Data Analyst",
    "Nurse",
    "Teacher",
    "Architect",
    "Accountant",
    "Graphic Designer",
    "Electrician",
    "Research Scientist",
)

DOMAINS = ("example.com", "example.org", "example.net")
