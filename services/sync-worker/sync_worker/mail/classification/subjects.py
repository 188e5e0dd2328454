"""What a subject says before and around the words of the mail that it answers."""

import re
import unicodedata
from typing import Final

_TAG: Final = re.compile(
    r"(?:[\[({【<«][^\])}】>»]{1,60}[\])}】>»]+|([*#!_=]{2,})[^*#!_=]{1,40}\1|[^\w\s\[({【<«]"
    r"|(?:external|extern|ext|externe|externo|esterno|outside|caution|warning|attention|achtung"
    r"|vorsicht|warnung|spam|suspected spam|possible spam|junk|bulk|phishing|virus[- ]?free|secure"
    r"|encrypted|unverified)(?: e-?mail| mail| sender| message)?\s*[:|!*~>\-–])\s*",
    re.IGNORECASE,
)
"""What gateways and ticket systems put before a subject."""

_ANSWER: Final = re.compile(
    r"(?:re|r|reply|answer|aw|antw|antwort|antwoord|betr|betreff|reactie|beantw|sv|svar|vs|vast"
    r"|vastaus|vb|ref|rif|risp|risposta|i|res|resp|resposta|respuesta|rsp|rép|rep|réponse|odp"
    r"|odpowiedź|odpověď|odpoveď|atb|atbilde|ats|vá|válasz|ynt|yan|ynıt|yanıt|cevap|σχετ|απ|απάντηση"
    r"|ответ|отв|на|відповідь|відп|отговор|odgovor|одговор|hλ|נ|תשובה|השב|رد|الرد|پاسخ"
    r"|ตอบกลับ|ตอบ|trả lời|tl|bls|balas|balasan|jawab"
    r"|回复|回覆|答复|答覆|回應|回应|回信|返信|返|応答|회신|답장|답"
    r"|tr|fs|fw|fwd|wg|rv|ilt|i̇lt|enc|doorst|vl|pd|továbbítás|přep|转发|轉寄|転送|전달)"
    r"\s*\.?\s*(?:[\[(^]?\d{1,3}[\])]?)?\s*:",
    re.IGNORECASE,
)
"""Prefixes of answers, and of mails that were passed on, in the languages of mail programs."""

_MACHINE: Final = re.compile(
    # German, English, French, Spanish, Portuguese, Italian
    r"(?:auto(?:matic|mated|matisch\w*|m\.)?[ -]?(?:reply|response|responder|answer"
    r"|acknowledge?ment|message|notification"
    r"|antwort|rückantwort|rückmeldung|nachricht|benachrichtigung|antwoord|reactie|melding|svar"
    r"|vastaus|bericht|beantwortet)"
    r"|out[ -]?of[ -]?(?:the[ -])?(?:office|town)|not in (?:the )?office"
    r"|away from (?:my |the )?(?:office|mail|desk|e-?mail|keyboard)"
    r"|vacation (?:reply|response|notice|message|auto)|on (?:annual |parental |maternity "
    r"|sick )?leave\b"
    r"|(?:currently|temporarily) (?:away|unavailable|out)\b"
    r"|\b(?:is|am|'m) (?:away|on (?:vacation|holidays?|pto))\b"
    r"|\b(?:ich bin|ik ben|je suis|sono|estou|estoy|jestem|olen|jsem|jag är|jeg er)"
    r" (?:\w+ )?(?:im urlaub|abwesend|(?:op|met) vakantie|afwezig|en (?:congés?|vacances)|absente?"
    r"|in ferie|assente|de férias|de vacaciones|ausente|na urlopie|nieobecn\w+|lomalla|poissa"
    r"|na dovolené|mimo|på (?:semester|ferie)|bortres?t|bortrejst|frånvarande)\b"
    r"|abwesenheits?(?:notiz|meldung|assistent|nachricht|benachrichtigung|agent|info)"
    r"|nicht im (?:büro|haus)"
    r"|r[ée]ponse automatique|absence du bureau|(?:message|avis|notification) d'absence"
    r"|absent du bureau"
    r"|respuesta (?:autom[áa]tica|de ausencia)|(?:fuera|ausente|ausencia) de (?:la )?oficina"
    r"|mensa(?:je|gem) autom[áa]tic[oa]|avis[oe] (?:de|d') ?(?:aus[êe]ncia|assenza)"
    r"|resposta autom[áa]tica|(?:fora|ausente|aus[êe]ncia) do escrit[óo]rio"
    r"|aus[êe]ncia tempor[áa]ria|resposta automàtica|erantzun automatiko"
    r"|risposta automatica|fuori (?:sede|ufficio)|messaggio (?:di assenza|automatico)"
    r"|assen(?:za|te) dall'ufficio"
    # Dutch, Nordic, Baltic
    r"|automatisch antwoord|afwezigheids?(?:bericht|melding|assistent)|buiten (?:het )?kantoor"
    r"|niet (?:aanwezig|op kantoor)"
    r"|automati(?:skt|sk) svar|autosvar|frånvaro|fraværs?(?:melding|besked)"
    r"|(?:ikke|inte|ej) (?:på kontoret|til stede)|sjálfvirkt svar"
    r"|automaattinen vastaus|automaattivastaus|poissaoloilmoitus|poissa toimistosta"
    r"|automaatvastus|automaatne vastus"
    r"|automatinis atsakymas|automātisk\w* atbilde"
    # Slavic, Greek, Hungarian, Romanian, Turkish
    r"|automatyczna odpowiedź|odpowiedź automatyczna|autoodpowiedź|poza biurem|nieobecność"
    r"|automatická odpov[eě][dď]|mimo kancelář|nepřítomnost|automatski odgovor|samodejni odgovor"
    r"|автоматический ответ|автоответ|вне офиса|автоматична відповідь|автовідповідь"
    r"|автоматичен отговор|аутоматски одговор"
    r"|αυτόματη απάντηση|εκτός γραφείου|automatikus válasz|házon kívül|răspuns automat"
    r"|otomatik (?:yanıt|cevap)|ofis dışı|ofiste değil|\bi̇?zindeyim"
    # Semitic, Asian
    r"|מענה אוטומטי|תשובה אוטומטית|رد تلقائي|الرد التلقائي|خارج المكتب"
    r"|स्वचालित (?:उत्तर|जवाब)"
    r"|自動(?:返信|応答|配信|回覆|答覆|回复)|不在(?:通知|の(?:お知らせ|ご?連絡)|連絡|办公室|辦公室)"
    r"|休暇のお知らせ"
    r"|自动(?:回复|答复|应答)|外出(?:回复|通知)|休假(?:回复|通知)"
    r"|자동 ?(?:회신|응답|답장)|부재 ?중|trả lời tự động|ตอบกลับอัตโนมัติ"
    r"|balasan otomatis|jawapan automatik"
    # Desks that have got the mail, and gatekeepers that ask who we are
    r"|(?:request|ticket|case|enquiry|inquiry|message|e-?mail|mail) (?:\S+ )?(?:has been |was )?"
    r"(?:received|created|opened|registered|logged)\b"
    r"|we(?:'ve| have)? (?:got|received) your|thank you for (?:contacting|your (?:e-?mail"
    r"|message|enquiry))"
    r"|(?:confirmation|acknowledge?ment) of receipt|receipt acknowledge"
    r"|eingangsbestätigung|ihre (?:anfrage|nachricht) (?:ist|wurde|haben)|ontvangstbevestiging"
    r"|accusé de réception|(?:demande|message) (?:a )?(?:bien )?(?:été )?(?:reçue?|enregistrée?)"
    r"|acuse de recibo|conferma di ricezione|受付完了|受付のお知らせ"
    r"|お問い合わせ(?:ありがとう|を受け)"
    r"|requires? verification|verification required|sender verification|confirm your (?:message"
    r"|e-?mail)"
    r"|verify#)",
    re.IGNORECASE,
)
_MACHINE_FIRST: Final = re.compile(
    r"(?:ooo|oof|ooto|away|on (?:vacation|holidays?|leave|pto)|absence|absente?"
    r"|(?:annual|parental|maternity|paternity|sick) leave"
    r"|(?:en )?congés?|en vacances|abwesend|abwesenheit\w*|(?:im )?urlaub|ausente|ausencia"
    r"|ausência|(?:de )?férias|(?:de )?vacaciones|assente|assenza|(?:in |på )?ferie"
    r"|afwezig|afwezigheid|(?:op|met) vakantie|fravær|frånvarande|på semester|bortrejst|bortrest"
    r"|poissa|poissaolo|lomalla|(?:na )?urlop(?:ie)?|nepřítome?n\w*|(?:na )?dovolen(?:á|é)"
    r"|в отпуске|нет на месте|不在|外出中?|休暇中?|休假中?|휴가(?: ?중)?)"
    r"\s*(?:[:(!|\])}】]|\s[\-–]\s|$)|auto:",
    re.IGNORECASE,
)
_NOTE: Final = re.compile(r"[\[({【]([^\])}】]{1,60})[\])}】]$")
_READ: Final = re.compile(
    r"(?:not read|read|gelesen|ungelesen|lue?|non lue?|leído|no leído|lida?|letto|gelezen"
    r"|niet gelezen"
    r"|läst|læst|lest|luettu|przeczytano|přečteno|прочитано|已读|已讀|未读|開封済み|開封確認|읽음"
    r"|return receipt|read receipt|lesebestätigung|accusé de lecture|confirmation de lecture"
    r"|confirmación de lectura|conferma di lettura|leesbevestiging)"
    r"\s*(?:\(\w+\))?\s*:",
    re.IGNORECASE,
)


def without_tags(subject: str) -> str:
    """`[EXTERNAL] RE: Your renewal` without what a gateway put before it."""
    plain = unicodedata.normalize("NFKC", subject).replace("\u2019", "'").strip()
    while tag := _TAG.match(plain):
        if _is_of_a_machine(re.sub(r"^\W+|\W+$", "", tag[0])):
            break  # 【自動返信】 is no gateway's
        plain = plain[tag.end() :]
    return plain


def is_answer(subject: str) -> bool:
    return _ANSWER.match(without_tags(subject)) is not None


def is_receipt(subject: str) -> bool:
    """A mail program tells that the mail was opened, or never was: nobody wrote anything."""
    return _READ.match(without_tags(subject)) is not None


def says_automatic(subject: str) -> bool:
    """What stands after `Re:` are the words of the mail that a person answers, but for a note in
    brackets at its end.
    """
    plain = without_tags(subject)
    if _ANSWER.match(plain):
        note = _NOTE.search(plain)
        return note is not None and _is_of_a_machine(note[1])
    return _is_of_a_machine(plain)


def _is_of_a_machine(words: str) -> bool:
    return bool(_MACHINE.search(words) or _MACHINE_FIRST.match(words.lstrip("[({【<*")))
