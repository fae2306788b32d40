"""Tables of kinds: what an object is by its members, how texts look, and what the properties of a map are called."""

import re
from typing import TypeAlias

Words: TypeAlias = tuple[str, ...]

_MEMBERS = (
    ("metric", "recall f1 f1_score f1Score auc"),
    ("line", "quantity unit_price unitPrice line_total"),
    ("recipe", "ingredients servings cuisine prep_time cook_time"),
    ("quiz", "options choices correct_answer correct_index correctAnswer correct_option"),
    ("patient", "diagnosis symptoms blood_pressure dosage medication patient_name patient_id"),
    ("finding", "suggestion suggested_fix suggestedFix rule_id ruleId line_start startLine"),
    ("job", "employment_type employmentType responsibilities application_deadline"),
    ("meeting", "action_items actionItems decisions agenda minutes next_meeting"),
    ("weather", "humidity feels_like feelsLike precipitation precipitation_probability wind wind_speed"),
    ("house", "bedrooms bathrooms square_feet squareFeet property_type propertyType"),
    ("stock", "pe_ratio previous_close market_cap ticker ticker_symbol"),
    ("repository", "repo repo_name pull_number issue_number default_branch"),
    ("podcast", "episode_number chapters guests podcast_name"),
    ("triple", "predicate"),
    ("exercise", "sets reps"),
    ("match", "home_team away_team homeTeam awayTeam"),
    ("event", "attendees start_time startTime end_time endTime organizer"),
    ("product", "sku price in_stock inStock brand stock"),
    ("person", "email first_name last_name age birth_date date_of_birth gender job_title occupation email_address"),
    ("person", "birthdate birthday phone phone_number nationality firstName lastName jobTitle birthDate emailAddress"),
    ("person", "phoneNumber hire_date salary bio linkedin role"),
)
_DAY = r"(?is).*(?:\d|day|tomorrow|tonight|now|noon|week|month|year|morning|evening|spring|summer|autumn|winter).*"
_SENTENCE = r"(?s)\S+\s+\S+\s+\S.*"
_MONEY = r"(?i)[a-z]{3}|[€$£¥]|(?:us |canadian |australian )?dollars?|euros?|pounds?|yen|rupees?|francs?|pesos?|yuan"
_LOOKS = (
    ("currency, currency code", _MONEY),
    ("gender, sex", r"(?i)(?:fe)?male|[mfdx]|(?:wo)?man|boy|girl|other|diverse|non-?binary"),
    ("sentiment, polarity", r"(?i)(?:very |mostly )?(?:positive|negative|neutral|mixed|good|bad|happy|angry|sad)"),
    (
        "severity, priority, urgency, importance",
        r"(?i)(?:very |super )?(?:low|medium|high|critical|urgent|minor|major|normal|severe|moderate|trivial|block"
        r"|info|warn|error|asap|top|immediate|sev|p?\d)\b.*",
    ),
    (
        "language, language code, target language, source language",
        r"(?i)[a-z]{2,3}(?:[-_]\w{2,8})?|(?:\w+ )?(?:english|spanish|french|german|italian|portuguese|dutch|swedish"
        r"|danish|norwegian|finnish|polish|czech|greek|turkish|russian|ukrainian|arabic|hebrew|hindi|bengali|urdu|tamil"
        r"|chinese|mandarin|cantonese|japanese|korean|thai|vietnamese|indonesian|malay|swahili|romanian|hungarian|latin"
        r"|catalan|persian|farsi|python|java|javascript|typescript|go|rust|ruby|php|sql|c\+\+|c#|c|kotlin|swift|bash)",
    ),
    ("issue state, pull request state, pr state, repository state", r"(?i)open|closed|merged|all|draft"),
    ("governing law, jurisdiction", r"[A-Z]\w+(?: .*)?(?<!lyse)(?<!lyze)"),
    ("company, company name, publisher, vendor, organization", r"(?![A-Z]\w* [a-z]+$).*"),
    ("author, patient name", r"(?![a-z]+$)(?![A-Z]\w* [a-z]+$).*"),
    ("question, quiz question", r"(?s).*\?|\S+\s+\S+\s+\S+\s+\S.*"),
    ("reasoning, rationale, justification, thought, analysis, conclusion, assessment, interpretation", _SENTENCE),
    ("summary, explanation, abstract, synopsis, overview", r"(?s)\S+\s+\S.*"),
    ("full name, person, author", r"(?!.*\b(?:I'm|I am|My)\b).*"),
    ("linkedin, linkedin url, github, github url", r"\S+"),
    ("open house, next meeting, next appointment", _DAY),
    ("date, day, birthday, due, deadline, since, until, start, end, check in, check out, date of birth", _DAY),
    ("datetime, timestamp, created, updated, modified, at, expires, published, time, on, start time, end time", _DAY),
    ("email, mail, email address, correo", r".+@.+"),
    ("url, uri, link, website, homepage, endpoint, webhook", r"\S*[.:/]\S*"),
    ("sql, sql query, sql statement", r"(?is)\s*(?:select|insert|update|delete|with|create|alter|drop)\b.*"),
    ("order id, ticket id, invoice number, order number, ticket number, phone, phone number", r".*\d.*"),
    ("uuid, guid", r"[\w-]{8,}"),
)
LOOKS = {key: re.compile(pattern) for keys, pattern in _LOOKS for key in keys.split(", ")}
"""What a text of a key looks like, if it is not just anything."""

KINDS: tuple[tuple[str, frozenset[str]], ...] = tuple((kind, frozenset(names.split())) for kind, names in _MEMBERS)
"""What an object is, by the names of its members. A text may have a key of its own for each, as "recipe step"."""

KEYS: dict[str, Words] = {
    "labels": ("app", "tier", "component", "version"),
    "annotations": ("description", "owner", "revision"),
    "selector": ("app", "tier", "component"),
    "headers": ("X-Request-Id", "Accept-Language", "Cache-Control"),
    "env": ("LOG_LEVEL", "DATABASE_URL", "PORT"),
    "environment": ("LOG_LEVEL", "DATABASE_URL", "PORT"),
    "scripts": ("build", "test", "start"),
    "dependencies": ("left-hand", "parser-core", "fast-queue"),
    "metadata": ("source", "owner", "revision"),
    "parameters": ("limit", "offset", "sort"),
    "": ("primary", "secondary", "fallback", "main", "other", "first", "second", "third", "default", "extra"),
}
"""What the properties of a map are called, by a word of the map's name."""
