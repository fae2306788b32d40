"""Sentences for texts such as reasons, reviews, questions and steps, by the words of a property's name."""

from typing import NamedTuple


class Prose(NamedTuple):
    """The sentences of a kind of text: how many a text has at most, and whether a text is about a conversation.

    Only what is about the conversation may be replaced by sentences of the caller.
    """

    keys: str
    sentences: tuple[str, ...]
    most: int = 2
    about: bool = True


PROSE = (
    Prose(
        "description, summary, text, body, content, comment, note, detail, about, abstract, remark, overview, caption, "
        "answer, desc, usage, help, excerpt, paragraph, sentence, info, statement, documentation, passage, context, "
        "background, hypothesis, thesis, assumption, disclaimer, caveat, policy, terms, trade off, tradeoff, "
        "docstring, synopsis, introduction, conclusion, outcome, finding, insight, takeaway, key point, point, fact, "
        "highlight, observation, memory, snippet, chunk, section, article text, evidence, claim, quote, impression, "
        "history, final answer, result summary, story, analysis, interpretation, translation, transcript, output text, "
        "beschreibung, zusammenfassung, antwort, bemerkung, notiz, resume, reponse, descripcion, resumen, respuesta",
        (
            "The first version was well received by its users.",
            "It keeps related records together in one place.",
            "The results are better than we expected.",
            "Most of the work was done in the first two weeks.",
            "Small teams can use it without any training.",
            "The numbers have been stable since the last review.",
            "It was designed to be simple and easy to maintain.",
            "Two of the three open points were settled last week.",
        ),
    ),
    Prose(
        "reasoning, reason, rationale, justification, explanation, thought, thinking, thought process, chain of "
        "thought, motivation, why, argument text, reflection, critique, self critique, assessment, evaluation, "
        "begrundung, begruendung, erklarung, raison, explication, justificacion, explicacion, razon, motivo",
        (
            "The text says so directly, and nothing in it points the other way.",
            "All of the required details are there, so no further question is needed.",
            "The wording is clear and the facts given support this reading.",
            "The first option fits the request best, because it needs the fewest changes.",
            "Two of the three conditions are met, which is enough here.",
            "There is no sign of a problem in the data that was given.",
        ),
    ),
    Prose(
        "review, review text, review body, review content, review comment, review description, feedback, "
        "testimonial, customer comment, opinion",
        (
            "Good value for the price, and it arrived on time.",
            "It does what it promises and was easy to set up.",
            "The quality is better than I expected.",
            "The instructions could be clearer, but the support was very helpful.",
            "I would buy it again and recommend it to friends.",
        ),
    ),
    Prose(
        "message, reply, response, letter, cover letter, email body, mail body, message body, answer text, greeting, "
        "nachricht, mensaje, mensagem, sms, tweet, post, status text, announcement, notification, text message",
        (
            "Thank you for your message, we will get back to you tomorrow.",
            "Please check the details before Friday and let me know.",
            "Everything is ready for the next step, so we can start on Monday.",
            "Your request has been received and is being worked on.",
            "Let me know if you need anything else from us.",
        ),
    ),
    Prose(
        "instruction, instructions, step, next step, direction, action item, recommendation, suggestion, advice, tip, "
        "hint, task description, todo, follow up, improvement, responsibility, duty, requirement, objective, goal, "
        "acceptance criterion, plan, agenda item, resolution, fix, solution, proposal, guideline, recommended action, "
        "suggested action, step description, plan step, plan description, workaround, mitigation, "
        "goal description, task, "
        "acceptance criteria, criteria, criterion, homework, assignment",
        (
            "Check the settings and save them again.",
            "Send the summary to the team by Friday.",
            "Collect the missing details before the next review.",
            "Compare the two offers and choose the cheaper one.",
            "Ask the team which of the open points is urgent.",
            "Start with the most important point and keep it short.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "prompt, image prompt, negative prompt",
        (
            "A lighthouse on a rocky coast at sunset, in soft light.",
            "A quiet street in an old town on a rainy morning.",
            "A red bicycle leaning against a white wall.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "system prompt, system message, persona, system instruction",
        (
            "You are a helpful assistant who answers in short sentences.",
            "You are a careful editor. Keep the meaning and correct the spelling.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "question, follow up question, clarifying question, sub question, subquestion, faq, frage, pregunta",
        (
            "How long does the delivery take?",
            "Which of the two options is cheaper?",
            "What has changed since the last version?",
            "Who is responsible for the next step?",
            "When does the offer end?",
            "Is there anything else that we should know?",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "error message, error, exception, failure reason, warning, warning message, error description, problem, issue, "
        "issue description, root cause, cause, bug description, complaint, concern, limitation, weakness, con, risk, "
        "missing information, incident, drawback, problem description, challenge, blocker",
        (
            "The request timed out after 30 seconds.",
            "The file could not be read because it is empty.",
            "The page stays blank after the login.",
            "A setting was missing after the last update.",
            "The connection was closed before the answer was complete.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "product description, product summary, product overview",
        (
            "A sturdy everyday companion with a clean design and a two-year warranty.",
            "Made of durable materials, easy to clean and ready to use in a minute.",
            "A compact model for small kitchens, desks and workshops.",
            "It works quietly and comes with everything that is needed.",
        ),
        about=False,
    ),
    Prose(
        "house description, property description, listing description, house summary",
        (
            "A bright home with a garden, close to schools and shops.",
            "The kitchen was renewed last year, and the living room faces south.",
            "A quiet street, ten minutes from the station.",
        ),
        about=False,
    ),
    Prose(
        "recipe description, dish description, recipe summary, meal description",
        (
            "A simple dish for weeknights, ready in less than an hour.",
            "A family favourite with few ingredients and little work.",
            "Rich and warming, and even better on the next day.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "job description, position description, role description, experience description, work description",
        (
            "Plan the work of a small team and report to the head of the department.",
            "Take care of customers from the first call to the delivery.",
            "Improve the tools that the whole company uses every day.",
        ),
        about=False,
    ),
    Prose(
        "finding message, finding description, finding comment, finding summary, finding explanation, code comment, "
        "issue message, issue comment, comment message",
        (
            "This branch is never tested.",
            "The name says less than the function does.",
            "The timeout is not passed on to the second call.",
            "An empty list is not handled here.",
            "The error is caught but never reported.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "finding suggestion, finding suggested fix, finding fix, finding recommendation",
        (
            "Add a test for the empty case.",
            "Rename the variable to what it holds.",
            "Pass the timeout on as an argument.",
            "Return early if the list is empty.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "bio, biography, about me, profile, author bio, professional summary, personal statement",
        (
            "She has worked in logistics for ten years and lives by the sea.",
            "He leads a small team and writes about design.",
            "They studied biology and now build tools for researchers.",
            "She teaches mathematics and enjoys hiking at weekends.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "definition, meaning, moral, lesson learned, significance, purpose, impact, importance text, effect",
        (
            "A place or a thing that many people use together.",
            "The act of making something simpler than it was.",
            "A short account of what has been agreed.",
            "Something that helps people to find their way.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "example, example sentence, sample sentence, usage example, sentence example, ejemplo, exemple, beispiel",
        (
            "They met every morning at the old bridge.",
            "The train leaves at nine from the second platform.",
            "She wrote the report in less than an hour.",
            "We walked along the river until it was dark.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "plot, premise, storyline, logline, lyric, poem, verse, joke, stanza",
        (
            "Two sisters return to the village where they grew up and find an old letter.",
            "A lighthouse keeper befriends a stranger who has lost his memory.",
            "The morning comes in softly over the sleeping town.",
            "A young cook opens a restaurant in a street that everyone has left.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "recipe step, recipe instruction, recipe direction, cooking step, cooking instruction",
        (
            "Chop the vegetables and heat the oil in a large pan.",
            "Let the dough rest for ten minutes.",
            "Simmer for twenty minutes and season to taste.",
            "Serve warm with fresh herbs and bread.",
            "Add the garlic and stir for a minute.",
        ),
        most=1,
        about=False,
    ),
    Prose(
        "patient note, patient summary, patient description, clinical note, medical history, treatment plan, "
        "treatment, prognosis, chief complaint, care plan",
        (
            "The patient reports mild headaches in the morning.",
            "No fever, normal blood pressure, follow-up in two weeks.",
            "Rest and plenty of water for the next three days.",
        ),
        most=1,
        about=False,
    ),
)
