"""What the desks call things: states, what an action does, its fields, the codes that officers choose from, the lines of a history.

The names of actions come from routing with the actions themselves. A test holds the rest against routing's own tables.
"""

from gateway.web.render import N_

#: What a state means for those who work on it.
STATES = {
    "received": N_("Without an officer"),
    "assigned": N_("New"),
    "accepted": N_("In work"),
    "reply_proposed": N_("Reply to be approved"),
    "answered": N_("Answered"),
    "closed": N_("File closed"),
    "awaiting_complainant": N_("Waits for the complainant"),
    "in_transfer": N_("Being passed on"),
    "disputed": N_("Under dispute"),
    "referred": N_("Referred outside"),
    "withdrawn": N_("Taken back"),
    "inadmissible": N_("Not admitted"),
    "merged": N_("Joined with another"),
}

#: action → (what it will do, what is said when it is done)
ACTIONS = {
    "assign": (
        N_("The officer whom you name gets the case and is told. The promise stays as it is."),
        N_("The officer has the case and is told."),
    ),
    "reassign": (
        N_("Another officer of the body gets the case and is told. The promise stays as it is."),
        N_("The other officer has the case and is told."),
    ),
    "accept": (
        N_("You begin to work on it. The complainant sees that it is being worked on."),
        N_("You have taken it up. The complainant sees that it is being worked on."),
    ),
    "ask": (
        N_(
            "The complainant gets your question. The clock of the promise stands until the answer, for a limited time."
        ),
        N_("The question is on its way. The clock stands; the case comes back to you with the answer."),
    ),
    "interim_reply": (
        N_("The complainant reads why it takes longer, and until when. The promise does not move."),
        N_("The complainant can read the interim reply. The promise did not move."),
    ),
    "propose_reply": (
        N_("A second officer checks the reply. The complainant sees it once it is approved."),
        N_("The reply is with the second officer. You hear if it is returned."),
    ),
    "approve_reply": (
        N_("The complainant gets the reply at once, and can rate or dispute it."),
        N_("The reply is approved. The complainant is told."),
    ),
    "return_reply": (
        N_("The reply goes back to its author with your reason. The complainant sees nothing of it."),
        N_("The reply is back with its author, with your reason."),
    ),
    "resolve_dispute": (
        N_("You decide whether the case is opened again with another officer, or the answer stands."),
        N_("The dispute is decided. The complainant is told."),
    ),
    "transfer": (
        N_(
            "The other body can accept, or object once. You hold the case until it accepts. The promise stays as it is."
        ),
        N_("The other body is asked. You hold the case until it accepts."),
    ),
    "accept_transfer": (
        N_(
            "Your body has the case from then on, and one of its officers gets it. The promise stays as it is."
        ),
        N_("Your body has the case now."),
    ),
    "object_to_transfer": (
        N_("The case goes back to the body that sent it, with your reason. This is possible once."),
        N_("The case is back with the body that sent it."),
    ),
    "decide_transfer": (
        N_("You say which body must answer. Nobody can object to it."),
        N_("The transfer is decided. The body has the case now."),
    ),
    "refer": (
        N_(
            "The case ends here and goes to an authority outside of government bodies. The complainant is told which, and why."
        ),
        N_("The case is referred. The complainant is told."),
    ),
    "declare_inadmissible": (
        N_(
            "The case ends. The complainant is told the reason, the law and what to do next, and can contest it."
        ),
        N_("The case is not admitted. The complainant is told why, and what to do next."),
    ),
    "send_back": (
        N_("The officer who has it goes on, by what you write. That it was escalated stays in the history."),
        N_("The case is back with its officer, with your words."),
    ),
    "reject_escalation": (
        N_("You see no reason for the escalation. The case stays with its officer."),
        N_("The escalation is rejected. The case stays with its officer."),
    ),
    "implicate": (
        N_(
            "The person, unit or body that it is about can no longer read or handle it, nor those above them."
        ),
        N_("Whom it is about is kept out. If they had it, somebody else has it now."),
    ),
    "merge": (
        N_("It is handled together with the other case. The complainant keeps the number."),
        N_("It is joined with the other case."),
    ),
}

OUTSIDE_BODIES = {
    "national_centre": N_("National Centre for Human Rights"),
    "court": N_("The courts"),
    "integrity_commission": N_("Integrity and Anti-Corruption Commission"),
}
DECISIONS = {
    "reopened": N_("Open it again, with another officer"),
    "rejected": N_("The answer stands"),
}

#: field → (label, hint)
FIELDS = {
    "officer_id": (N_("Officer"), N_("With what is on each desk now. Who is away cannot be chosen.")),
    "institution": (N_("Body"), ""),
    "unit": (N_("Unit"), ""),
    "reason": (N_("Reason"), N_("It goes into the history of the case.")),
    "question": (
        N_("Your question"),
        N_("Ask one thing, in plain words. Do not ask who the complainant is."),
    ),
    "outcome": (N_("How it ended"), ""),
    "found": (N_("What was found"), N_("The facts that you established, and how.")),
    "remedy": (N_("What was done about it"), N_("The remedy, by whom and when; or why there is none.")),
    "legal_basis": (N_("Legal basis"), N_("The law or instruction, with the article.")),
    "summary": (
        N_("Summary for the complainant"),
        N_("In plain words: the answer, and what follows from it."),
    ),
    "next_steps": (N_("What the complainant can do next"), N_("Where to go, and by when.")),
    "reason_code": (N_("Why it cannot be taken up"), ""),
    "outside_body": (N_("Authority"), ""),
    "decision": (N_("Decision"), ""),
    "expected_at": (N_("Answer expected by"), N_("The last day on which the answer will come.")),
    "into": (N_("Number of the other case"), N_("The number in the address of its page.")),
}
#: (action, field) → (label, hint) where the same field means something else.
FIELDS_OF = {
    ("transfer", "institution"): (
        N_("Body that must answer"),
        N_("The complainant loses no time: the promise stays as it is."),
    ),
    ("transfer", "reason"): (
        N_("Why it is theirs"),
        N_("The other body reads it, and it goes into the history."),
    ),
    ("return_reply", "reason"): (N_("What must be mended"), N_("The author reads it.")),
    ("interim_reply", "summary"): (
        N_("Why it takes longer"),
        N_("The complainant reads it. In plain words."),
    ),
    ("object_to_transfer", "reason"): (N_("Why it is not yours"), N_("The sender reads it.")),
    ("refer", "reason"): (N_("Why it goes there"), N_("The complainant reads it.")),
    ("implicate", "institution"): (
        N_("Body"),
        N_("Only if the whole body is concerned, or to show its units and officers."),
    ),
    ("implicate", "officer_id"): (N_("Person"), N_("With them all who stand above them are kept out.")),
    ("implicate", "reason"): (N_("How you know"), N_("Only those read it who may still handle the case.")),
    ("send_back", "reason"): (N_("What the officer is to do"), N_("The officer reads it.")),
    ("resolve_dispute", "reason"): (N_("Why you decide so"), N_("The complainant reads it.")),
}
#: What a field takes at most, as routing has it.
MOST = {
    "reason": 2_000,
    "question": 2_000,
    "found": 8_000,
    "remedy": 4_000,
    "legal_basis": 4_000,
    "summary": 2_000,
    "next_steps": 2_000,
}

#: Why nobody has a case.
UNOWNED_BECAUSE = {
    "no_rule": N_("No rule says which body"),
    "no_officer": N_("No officer of the body is there"),
    "not_certified": N_("No officer who is there holds both certificates"),
    "body_implicated": N_("It concerns every officer of the body"),
    "accused_unknown": N_(
        "Who is accused is not in the directory: read whom it names before you give it to anybody"
    ),
}

#: The lines of a history: what happened, in words that need no subject.
EVENTS = {
    "assigned": N_("Given to an officer by the rules"),
    "assignment_failed": N_("No officer was found"),
    "promised": N_("A date was promised"),
    "promise_moved": N_("The promise moved"),
    "assign": N_("Given to an officer"),
    "reassign": N_("Given to another officer"),
    "accept": N_("Taken up"),
    "ask": N_("The complainant was asked"),
    "answer_question": N_("The complainant answered"),
    "lapse_question": N_("The time for the answer was over"),
    "interim_reply": N_("An interim reply was given"),
    "propose_reply": N_("A reply was proposed"),
    "approve_reply": N_("The reply was approved"),
    "return_reply": N_("The reply was returned"),
    "rate": N_("The complainant rated the answer"),
    "remind_to_rate": N_("The complainant was reminded to rate the answer"),
    "close_unconfirmed": N_("Closed without a confirmation"),
    "dispute": N_("The complainant disputed the answer"),
    "resolve_dispute": N_("The dispute was decided"),
    "transfer": N_("Another body was asked to take it"),
    "accept_transfer": N_("The other body took it"),
    "object_to_transfer": N_("The other body objected"),
    "decide_transfer": N_("The arbiter decided which body has it"),
    "refer": N_("Referred to an authority outside"),
    "declare_inadmissible": N_("Found not admissible"),
    "merge": N_("Joined with another case"),
    "withdraw": N_("The complainant took it back"),
    "send_back": N_("Sent back to its officer"),
    "reject_escalation": N_("The escalation was rejected"),
    "implicate": N_("Somebody it is about was named"),
    "keep_out": N_("Somebody it is about was kept out"),
    "take_away": N_("Taken away from whom it is about"),
    "succeed": N_("Passed to the body that goes on"),
    "escalate": N_("Escalated"),
    "hand_over": N_("Handed on to whoever is on call"),
    "remind": N_("The officer was reminded"),
    "said_too_late": N_("The complainant said something that came too late"),
}

#: What was said between the body and the complainant.
UTTERANCES = {
    "message": N_("The complainant answered"),
    "withdrawal": N_("The complainant took it back"),
    "rating": N_("The complainant rated the answer"),
    "dispute": N_("The complainant disputed the answer"),
    "question": N_("Question to the complainant"),
    "reply": N_("Reply"),
    "interim_reply": N_("Interim reply"),
    "referral": N_("Referred to an authority outside"),
    "decision": N_("Decision of the dispute"),
    "refusal": N_("Found not admissible"),
}
#: The parts of what was said or written; others stand without a name.
PARTS = {
    "found": N_("What was found"),
    "remedy": N_("What was done about it"),
    "legal_basis": N_("Legal basis"),
    "summary": N_("Summary for the complainant"),
    "reason": N_("Reason"),
    "next_steps": N_("What the complainant can do next"),
}
