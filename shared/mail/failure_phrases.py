"""Phrases of mail systems about a mail that was not delivered, in their languages.

The text is folded before it is matched: lower case, `'` for any apostrophe, no addresses or links.
"""

import re
from typing import Final

_NEAR = r"(?:(?!server|service|sender|your )[^.;\n]){0,60}?"


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


def _noun_then_verdict(nouns: str, verdicts: str) -> str:
    return rf"(?:{nouns}){_NEAR}(?:{verdicts})"


GONE: Final = _any_of(
    # English
    r"no such (?:\w+ )?(?:user|mailbox|recipient|address|account|person|domain|host|alias|name"
    r"|inbox"
    r"|e-?mail|object|id\b)",
    r"\b(?:unknown|non-?existent|nonexisting|invalid|unroute?able|illegal|inactive"
    r"|disabled|deactivated|bad|incorrect|wrong|obsolete)[ _-](?:or \w+ )?"
    r"(?:\w+[ _-]){0,2}(?:user|recipient|mailbox|address|account|alias|domain|e-?mail"
    r"|local.?part|rcpt)",
    r"not our (?:customer|user|domain)|no (?:mail hosts?|valid mx|mx record)",
    r"bad destination|unknown host|undeliverable address",
    r"mailbox name (?:is )?(?:not allowed|invalid)",
    _noun_then_verdict(
        r"\b(?:user|mail ?box|recipient|address|account|alias|inbox|e-?mail|addressee|domain|host\b"
        r"|person|rcpt|destination)",
        r"\bunknown|n[o']t exist|not? (?:be )?found|n[o']t (?:be )?found|not known|no longer"
        r"|\binvalid|unavailable|not available|not valid|n't valid|disabled|deactivated|inactive"
        r"|suspended|\bclosed|discontinued|terminated|deleted|been removed|recogni[sz]ed|not listed"
        r"|not active|non-?existent|undeliverable|not accept(?:ing)? (?:e-?)?mail(?!s? from)"
        r"|not a valid"
        r"|not local|not here|not a member|\bhas left",
    ),
    r"(?:doesn'?t|does not|do not|don'?t) have (?:an? |any )?(?:\w+ )?"
    r"(?:account|mailbox|inbox|address|user)",
    r"\bno (?:\w+ )?(?:mail ?box|account|user|recipient|one|inbox|person)\b[^.;\n]{0,20}"
    r"(?:here|by th|with th|on th|at th|in th|found|called|named)",
    r"(?:can(?:not|'?t)|could ?n'?t|could not|unable to) (?:find|locate) (?:\w+ )?"
    r"(?:user|recipient|mailbox|address|account|any host named|domain|a? ?host)",
    r"not a (?:valid|known|registered|local) (?:user|recipient|mailbox|address|account|e-?mail)",
    r"no longer (?:works|employed|with|in use|active|valid)",
    r"non-?existent hosts?|nxdomain|nonexistent\b|does not accept (?:e-?)?mail(?!s? from)|null ?mx",
    r"recip(?:ient)?notfound|userunknown|nosuchuser",
    # German
    _noun_then_verdict(
        r"empfänger|adress|adresse|postfach|benutzer|nutzer|konto|teilnehmer",
        r"unbekannt|nicht (?:ge|auf)funden|existier\w* nicht|nicht existier|ungültig"
        r"|nicht (?:mehr )?"
        r"vorhanden|gibt es nicht|deaktiviert|nicht bekannt|nicht mehr|gelöscht|abgeschaltet",
    ),
    r"(?:unbekannte|ungültige)[rsnm]? (?:\w+ )?(?:empfänger|benutzer|nutzer|adresse|e-?mail"
    r"|postfach)",
    r"kein(?:en?)? (?:solche\w* )?(?:empfänger|benutzer|nutzer|postfach)",
    # French
    _noun_then_verdict(
        r"destinataire|adresse|utilisateur|bo[iî]te|compte|domaine",
        r"inconnu|introuvable|n'existe|invalide|inexistant|n'est (?:pas|plus) valide"
        r"|désactivé|(?:pas|non) (?:été )?trouvé|n'a pas été trouvé",
    ),
    r"aucun (?:utilisateur|compte|destinataire)",
    # Spanish, Portuguese, Italian
    _noun_then_verdict(
        r"destinatario|direcci[oó]n|usuario|buz[oó]n|casilla|cuenta|dominio"
        r"|destinat[aá]rio|endere[cç]o|usu[aá]rio|utilizador|caixa|conta\b|dom[ií]nio"
        r"|indirizzo|utente|casella",
        r"desconocid|no exist|no (?:se )?(?:ha |pudo )?(?:sido )?encontr|inv[aá]lid|no v[aá]lid"
        r"|desactivad|deshabilitad|inexist|inesist|desconhecid|n[aã]o exist"
        r"|n[aã]o (?:foi |pôde ser )?encontrad|desativad|sconosciut|non esist"
        r"|non (?:è stat[oa] )?trovat"
        r"|non valid|disattivat|disabilitat",
    ),
    r"(?:usuario|destinatario|utente|usuário) (?:desconocido|sconosciuto|desconhecido)",
    # Dutch, Swedish, Danish, Norwegian, Finnish
    _noun_then_verdict(
        r"geadresseerde|ontvanger|adres|gebruiker|postbus|domein"
        r"|mottagar|användar|konto|modtager|bruger|mottaker|bruker|vastaanottaj|osoit|käyttäj",
        r"onbekend|niet gevonden|bestaat niet|ongeldig|niet bekend|uitgeschakeld"
        r"|okänd|hittades inte|inte hittas|finns inte|ogiltig|ukendt|findes ikke|ikke fundet"
        r"|ukjent|finnes ikke|ikke funnet|ugyldig|tuntematon|ei löyt|ei ole olemassa",
    ),
    # Polish, Czech, Russian, Ukrainian, Turkish
    _noun_then_verdict(
        r"odbiorc|adres|użytkownik|skrzynk|kont[oa]|příjemc|uživatel|schránk|účet"
        r"|пользовател|получател|адрес|ящик|аккаунт|користувач|одержувач"
        r"|alıcı|kullanıcı|posta kutusu|hesap",
        r"nieznan|nie istnieje|nie (?:został\w* )?znalezion|nieprawidłow|neznám|neexist|nenalezen"
        r"|nebyl\w* nalezen|не существ|не найден|неизвест|недействит|отключ|не зарегистр"
        r"|не існує|не знайден|невідом|bulunamadı|mevcut değil|geçersiz|bilinmiyor",
    ),
    r"(?:nieznany|neznámý|неизвестн\w+) (?:użytkownik|odbiorca|adres|uživatel|příjemce|пользовател"
    r"|получател|адрес)",
    r"нет такого (?:пользовател|адрес|ящик)",
    # Japanese, Chinese, Korean
    r"(?:宛先|あて先|受信者|ユーザ|アドレス|メールボックス|アカウント|ドメイン)[^。\n]{0,40}?"
    r"(?:見つか(?:りません|ら)|存在し(?:ません|ない)|不明|無効|ありません)",
    r"不明な(?:ユーザ|宛先)|宛先不明",
    r"(?:收件人|用户|用戶|地址|邮箱|郵箱|信箱|账号|帳號|帐[户号]|域名)[^。\n]{0,30}?"
    r"(?:不存在|未找到|找不到|无效|無效|未知|已?被?停用|已?被?禁用)",
    r"(?:找不到|不存在|没有|沒有|无|無)(?:此|该|該|这个|這個|收件人)?(?:的)?(?:收件人|用户|用戶|邮箱|地址)",
    r"(?:수신자|받는 사람|사용자|주소|메일함|계정|도메인)[^.\n]{0,30}?"
    r"(?:존재하지 않|찾을 수 없|없는|알 수 없|유효하지 않)",
)
FULL: Final = _any_of(
    r"quota|(?:mail ?box|inbox|account|folder|storage|disk|user)[^.;\n]{0,40}\bfull\b"
    r"|full mail ?box",
    r"(?:mail ?box|storage)[^.;\n]{0,40}(?:exceed|size|limit)|exceed\w* (?:\w+ )?storage",
    r"(?:insufficient|not enough|no|out of|low on) (?:\w+ )?(?:storage|space)|too many messages in",
    r"postfach[^.;\n]{0,30}voll|überfüllt|speicherplatz|kontingent|pleine?\b|saturée?|espace",
    r"llen[oa]\b|cuota|espacio|cheia|\bcota\b|pien[ao]\b|postvak[^.;\n]{0,20}vol\b",
    r"容量|いっぱい|已满|已滿|空间不足|переполнен|квот|가득",
)
PASSING: Final = _any_of(
    r"temporar|(?<!and )try again|\blater\b|gr[ea]y-?list|deferr?ed|throttl|too (?:many|fast|busy)",
    r"\bbusy\b|time[d -]?out|\bretry|currently un|maintenance|message expired|queue\.?expired",
    r"vorübergehend|später|temporaire|ultérieur|temporal|más tarde|mais tarde|più tardi|tijdelijk",
    r"一時的|しばらく|後ほど|暂时|稍后|временно|позже",
)
POLICY: Final = _any_of(
    r"\bblock|black-?list|deny-?list|\bdenied|\brbl\b|dnsbl|\bspam|\bspf\b|\bdkim\b|\bdmarc\b",
    r"reputation|polic(?:y|ies)|\brates?\b|\blimit|(?<!mailbox name )not (?:allowed|permitted)",
    r"authori[sz]|authenti|\brelay(?:ing)? (?:denied|access|not|is|prohib|through)|(?:to|not"
    r"|no) relay",
    r"prohibit|forbidden|banned|\bfilter|content|virus|malware|phish|unsolicited|\bbulk\b|abus",
    r"suspicious|(?<!to )(?<!to the )\bsender|client host|\bhelo\b|\behlo\b|reverse|\bptr\b|rdns",
    r"restrict|security|resource record|permission|preference|\bfrom(?:: | address)|berechtigung"
    r"|autorisation|permiso|oprávnění",
    r"starttls|\btls\b|too (?:large|big)|maximum|\bhops?\b|\bloop",
    r"\byour (?:ip|account|domain|host|network|provider|isp|address|mail server)",
    r"gesperrt|blockiert|richtlinie|spam|bloqu|politique|política|policy|拒否|拒绝|ブロック|スパム",
    r"垃圾|封锁|屏蔽|заблокир|спам|отклонен",
)
RECIPIENT_REFUSED: Final = re.compile(
    r"\b(?:recipient|mailbox|address|user)\b[^.;\n]{0,30}(?:reject|refus|not accepted)"
)
RESTRICTED: Final = _any_of(
    r"resolver\.rst\.",
    r"(?:recipient|mail ?box|user|address|group|list|account)\b[^.;\n]{0,40}"
    r"(?:not (?:allowed|permitted|authori[sz]ed|configured|able)|can(?:not|'t)|does(?: not|n't)"
    r"|do(?: not|n't)|refuses|rejects)(?:(?!send)[^.;\n]){0,40}"
    r"(?:external|outside|internet|unauthenticated|anonymous|unknown sender|strangers|non-?member)",
    r"\bonly (?:accepts?|receives?|takes?|from) "
    r"|(?:accepts?|receives?|takes?|allows?) (?:\w+ ){0,3}only from",
    r"(?:restricted|limited|open|available) (?:only )?to (?:\w+ ){0,2}"
    r"(?:members|subscribers|internal|insiders|employees)",
    r"only (?:members|subscribers|internal|authenticated|approved|authori[sz]ed) (?:\w+ ){0,2}"
    r"(?:can|may|are|senders|users|members)",
    r"(?:not (?:allowed|permitted|authori[sz]ed|approved)|permissions?) to (?:send|post|write"
    r"|e-?mail|mail)(?: \w+){0,2} to (?:this|that|these"
    r"|(?:the )?(?:group|list|mailing|recipient|distribution|mail ?box|address|user|public))\b",
    r"sender (?:is |was )?not (?:authenticated|authori[sz]ed|allowed|permitted|in)\b[^.;\n]{0,60}"
    r"(?:group|list|mail ?box|recipient|public folder)",
    r"(?:restricted|internal|private|closed|moderated|members?[- ]only) (?:use )?"
    r"(?:recipient|mail ?box|address|group|(?:mailing )?list|distribution)",
    r"(?:external|outside) (?:e-?mails?|mails?|senders?|messages?|addresses)\b[^.;\n]{0,40}"
    r"(?:not |reject|refus|block|prohibit|disabled)",
    r"(?:not accept|reject|refus)\w*[^.;\n]{0,30}\b(?:external|outside|unauthenticated|anonymous) "
    r"(?:\w+ )?(?:e-?mail|mail|sender|message|address)",
    r"(?:blocked|rejected|refused|declined) by (?:the |this )?(?:recipient|addressee|user)\b(?!')",
    r"recipient (?:has )?(?:blocked|rejected|refused|declined)|recipient restriction"
    r"|recipient address rejected: access denied|allowed[- ]senders? list",
    r"externe\w* (?:absender|e-?mail|nachricht)|expéditeurs? externes?|remitentes? externos?"
    r"|remetentes? externos?|mittent[ei] estern[io]|externe afzenders?",
    r"(?:社外|外部)(?:から)?の?(?:メール|送信者)|外部(?:邮件|郵件|发件人|寄件者)",
)
"""This one recipient takes mail of few: of colleagues, of members, of whom they know."""
SENDERS_FAULT: Final = _any_of(
    r"spamhaus|blocked using|(?:black|block|deny)-?list|\brbl\b|dnsbl|\bspam|unsolicited|\bbulk\b"
    r"|\bspf\b|\bdkim\b|\bdmarc\b|reputation|\brates?\b|\blimit\b|quota|\brelay|client host"
    r"|\bhelo\b|\behlo\b|\bptr\b|rdns|reverse dns|abus|phish|virus|malware",
    r"\byour (?:ip|domain|host|network|provider|isp|mail server|server)"
    r"|\b(?:this|sending|source) (?:ip|domain|server)|\bip address|credentials|password"
    r"|send as|send on behalf|sender address rejected",
)
"""Words about the server, the domain or the mails of who sends."""
