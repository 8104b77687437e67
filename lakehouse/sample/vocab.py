"""Words and weights that the sample is made of.

Where a weight is given, it is a count in the published catalogue (`netflix_*.csv`), so that shares come out alike.
People and places are coined: `WORD_STARTS` x `WORD_ENDS` gives 4,096 words that are nobody's name, and every surname
and every title holds one of them. `FIRST_NAMES` are ordinary given names.
"""


def _split(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES = _split(
    "Ada Adil Aiko Alba Alma Amara Anders Anja Anouk Aria Arlo Asha Astrid Ayo Bea Benno Bianca Björn Bruna Caio Carla "
    "Celia Chidi Chloé Clara Cyrus Dalia Dario Désirée Devi Dina Dorian Dunja Edda Eero Elif Elsa Émile Emre Enzo "
    "Esme Ewa Farah Femi Fergus Fiona Flora Franka Gaia Goran Greta Gustavo Hana Haruki Hedda Henrik Hilda Hugo Ida "
    "Ilse Imani Inés Ingrid Ines Iris Ivo Jamal Jana Jasper João Jonas José Jun Kaia Karim Keiko Kofi Lars Leila Lena "
    "Levi Lidia Lin Lotte Łucja Luis Mabel Magnus Maite Malik Marisol Mateo Mei Mila Milan Nadia Naoki Nia Nils Noor "
    "Nuria Odile Olga Omar Oskar Paloma Petra Priya Quentin Rafael Rania Renée Rohan Rosa Sanne Selma Sibel Signe "
    "Søren Tariq Thea Tomás Uma Vera Viggo Wanda Yara Yusuf"
)

WORD_STARTS = _split(
    "Brax Brol Cald Chev Corv Dask Delv Dorv Drav Esk Fenv Fold Galv Gorm Grisk Halv Hesk Ild Jarv Jolv Karsk Kelv "
    "Kest Korv Lask Lonv Lurv Marv Mesk Mold Narv Nesk Nolv Olv Osk Parv Pelv Porv Quil Quev Rask Relv Rosk Sarv Selv "
    "Sorv Stalv Tarv Telv Torsk Thrav Ulv Urd Valk Velm Vorn Wask Welv Worv Yald Yelv Zarv Zelm Zorv"
)

WORD_ENDS = _split(
    "adrel agrin akely alune amorn andrel antry aquin ardow asmer athel avenny aymoor ávarro edrow egrim ekin elwane "
    "embry enquist erlo eskin etham evarre ewick élune idane igrove ikken ilstad imbre inbrel iquen irmey isholt "
    "itrane ivarro odrin ogwell okard olmey ombry ondel oquist orlane oskell othmar ovick owmere ørland ubrane ugrath "
    "ukeld ulmond umbry undrel uquin urlow uskell uthmere uvane ydrel ylmore ytham"
)

WORD_MIDDLES = (
    "",
    *_split(
        "al an ar as at av el en er es et ev il in ir is it iv ol on or os ot ov ul un ur us ut uv am em im om um ad "
        "ed id od ud ag eg ig og ug ab eb ib ob ub ak ek ik ok uk yl yn yr ys yt yv ym yd"
    ),
)
"""Make longer words for titles, the more the larger the sample is, so that titles seldom coincide."""

INITIALS = ("", *(f"{letter}. " for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
NICKNAME = '"Dusty" '

STAR_SPELLINGS = (
    "Zoë Ambrelune",
    "Zoë Ambrelune",
    "Zoë Ambrelune",
    "ZOË AMBRELUNE",
    "Zoë  Ambrelune",
    "Zoë Ambre\u200blune",
    "Zoe\u0308 Ambrelune",
)
"""One person as she stands in seven casts: three times plainly, then in capitals, with two spaces, with a zero-width
space, and decomposed (NFD)."""

ADJECTIVES = _split(
    "Amber Bitter Borrowed Broken Burning Crooked Distant Empty Faithful Forgotten Gentle Golden Hidden Hollow Hungry "
    "Last Lonely Lost Midnight Northern Paper Patient Quiet Restless Salted Second Secret Silver Sleeping Stolen "
    "Tender Wandering"
)
NOUNS = _split(
    "Archive Bakery Bridge Carnival Choir Clockmaker Committee Crossing Dynasty Engine Ferry Garden Harbor Heir "
    "Inheritance Island Kitchen Lantern Library Lighthouse Market Messenger Orchard Orchestra Promise River Stairway "
    "Station Verdict Voyage Winter Witness"
)
PLURALS = _split(
    "Blues Confidential Days Diaries Dreams Files Heights Hearts Letters Monsters Nights Outlaws Rising Rivals Secrets "
    "Stories"
)
APPROACHES = (
    "Return to",
    "Escape from",
    "Letters to",
    "Welcome to",
    "Don't Wake",
    "Goodbye,",
    "Daughters of",
    "Kings of",
    "Beyond",
    "Waiting for",
    "A Year in",
    "Über",
    "Adiós,",
    "Finding",
    "My Neighbor from",
    "Who Stole",
)

LEFT_PARTS: dict[str, list[str]] = {
    "none": [""],
    "of": [f"The {adjective} {noun} of " for adjective in ADJECTIVES for noun in NOUNS],
    "approach": [f"{approach} " for approach in APPROACHES],
    "list": [f"{one}, {two} and " for one in NOUNS for two in PLURALS],
    "hash": ["#"],
    "quoted": [f'Behind "The {noun}": ' for noun in NOUNS],
}
RIGHT_PARTS: dict[str, list[str]] = {
    "none": [""],
    "plural": [f" {plural}" for plural in PLURALS],
    "subtitle": [f": The {adjective} {noun}" for adjective in ADJECTIVES for noun in NOUNS],
    "number": [f" {number}" for number in range(2, 10)],
}
TITLE_FORMS: tuple[tuple[str, str, int], ...] = (
    ("of", "none", 16),
    ("quoted", "none", 1),
    ("none", "none", 12),
    ("none", "plural", 36),
    ("approach", "none", 18),
    ("none", "subtitle", 10),
    ("none", "number", 4),
    ("hash", "none", 1),
    ("list", "none", 1),
)
"""A title is a left part, a coined word and a right part; the third figure is the weight of the form."""
FORM_OF, FORM_QUOTED = 0, 1

SEASONS = ("", "Limited Series", *(f"{word} {number}" for word in ("Season", "Part") for number in range(1, 6)))
"""What a report has after the title of a series: nothing, or one of these."""


def _syllables(firsts: str, seconds: str) -> tuple[str, ...]:
    return tuple(first + second for first in firsts for second in seconds)


HANGUL = _syllables("가나다라마바사하", "람린벨든솔겐미로")
KATAKANA = _syllables("カサタナマヤラワ", "ルスミムリトネモ")


def _seasons(limited: str, season: str, part: str) -> tuple[str, ...]:
    return ("", limited, *(text.format(number) for text in (season, part) for number in range(1, 6)))


ORIGINALS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("El secreto de ", "", WORD_STARTS, WORD_ENDS, _seasons("Miniserie", "Temporada {}", "Parte {}")),
    ("La maison de ", "", WORD_STARTS, WORD_ENDS, _seasons("Mini-série", "Saison {}", "Partie {}")),
    ("Die Nacht von ", "", WORD_STARTS, WORD_ENDS, _seasons("Miniserie", "Staffel {}", "Teil {}")),
    ("", "의 비밀", HANGUL, HANGUL, _seasons("리미티드 시리즈", "시즌 {}", "파트 {}")),
    ("", "の約束", KATAKANA, KATAKANA, _seasons("リミテッドシリーズ", "シーズン{}", "パート{}")),
)
"""Titles in other languages: what stands before and after a coined word, the halves of that word, and `SEASONS`."""

LEADS: tuple[tuple[str, str], ...] = (
    ("After a storm cuts off the coast, ", " "),
    ("When an old letter turns up, ", " "),
    ("On the eve of a wedding, ", " "),
    ("Years after the war, ", " "),
    ("With the harvest failing, ", " "),
    ("In the summer of 1976, ", " "),
    ("Framed for a theft, ", " "),
    ("Against their families' wishes, ", " "),
    ("To save a crumbling theater, ", " "),
    ("Haunted by a recurring dream, ", " "),
    ("As an election draws near, ", " "),
    ("Following a bitter divorce, ", " "),
    ("This series follows ", " who "),
    ("This documentary profiles ", " who "),
    ("A chance meeting unites ", " who "),
    ("A hidden diary exposes ", " who "),
    ("An invitation lures ", " who "),
    ("A new law threatens ", " who "),
)
"""How a description starts, and what joins the subject to what it does."""
SUBJECTS = (
    "a retired ferry pilot",
    "two rival bakers",
    "a small-town prosecutor",
    "an anxious cellist",
    "three estranged sisters",
    "a disgraced surgeon",
    "an ambitious young chef",
    "a widowed beekeeper",
    "four childhood friends",
    "a rookie detective",
    "a shy night-shift nurse",
    "a stubborn lighthouse keeper",
    "an undercover accountant",
    "a family of circus riders",
    "a weary schoolteacher",
    "a pair of petty thieves",
    "a teenage chess champion",
    "a lonely radio host",
    "an aging stuntwoman",
    "a homesick engineer",
    "a talking badger and a timid owl",
    "a burned-out comedian",
    "an exiled prince",
    "a mountain rescue team",
    "a village postmistress",
    "a cursed violin maker",
    "an eager intern",
    "a runaway bride",
    "two mismatched paramedics",
    "a blind cartographer",
    "a band of young inventors",
    "a pragmatic ghost hunter",
)
ACTIONS = (
    "must recover a stolen ledger from",
    "must win back the only theater in",
    "will risk everything to escape",
    "must solve a decades-old murder in",
    "can only find peace by returning to",
    "will stop at nothing to rebuild",
    "must guard a dangerous secret in",
    "would rather starve than leave",
    "must cross a frozen border to reach",
    "will compete for a fortune hidden in",
    "must raise an orphaned child in",
    "can finally face the past in",
    "must outwit the crime boss of",
    "will fall in love while stranded in",
    "must teach a hopeless choir in",
    "will uncover corruption in",
    "must survive one long night in",
    "will open a tiny restaurant in",
    "must protect the last forest near",
    "will fake a haunting to save",
    "must learn to forgive the people of",
    "will chase a vanished train to",
    "must expose the fraud that ruined",
    "would do anything to become mayor of",
    "must broker peace between the clans of",
    "will search for buried treasure in",
    "must put on a musical in",
    "will spend a chaotic summer in",
    "must defend an innocent man in",
    "will unleash an ancient curse upon",
    "must find a missing brother in",
    "will become unlikely heroes of",
)
TAILS = (
    " before the first snow closes the mountain pass.",
    " while an unscrupulous developer closes in on them.",
    " without letting anyone learn what really happened.",
    " even as old loyalties start to come undone.",
    " and discover that nobody there is quite what they seem.",
    " in this warm and offbeat story about second chances.",
    " as rumors of a traitor spread from house to house.",
    " during a winter that the whole valley will remember.",
    " with help from a most unexpected pair of allies.",
    " in a thriller inspired by a long-forgotten court case.",
    " until a stranger’s arrival changes all of their plans.",  # noqa: RUF001
    " despite warnings from everyone they have ever trusted.",
    " before a powerful family can bury the truth for good.",
    " and in doing so learns the real price of ambition.",
    ", where every neighbor has something of their own to hide.",
    ", but the past has a way of catching up with the guilty.",
    ", only to find love, laughter and a very large dog.",
    ", unaware that somebody has been watching all along.",
    ", a place where magic is real – and strictly forbidden.",  # noqa: RUF001
    ', in what the papers soon call "the longest night".',
    ", and a long-buried rivalry flares up once again.",
    ", while grief, pride and money pull them all apart.",
)
PLAIN_TAILS = 14
"""So many of the tails, the first ones, have neither comma nor quote, and all of them are longer than 40 characters."""

MOVIE_RATINGS: dict[str, int] = {
    "TV-MA": 1347, "R": 506, "NC-17": 2, "UR": 7, "NR": 202, "TV-14": 1038, "PG-13": 286, "TV-PG": 431, "PG": 183,
    "TV-G": 80, "G": 36, "TV-Y7": 69, "TV-Y7-FV": 27, "TV-Y": 41,
}  # fmt: skip
SHOW_RATINGS: dict[str, int] = {
    "TV-MA": 679, "R": 2, "NC-17": 0, "UR": 0, "NR": 16, "TV-14": 660, "PG-13": 0, "TV-PG": 269, "PG": 1,
    "TV-G": 69, "G": 1, "TV-Y7": 100, "TV-Y7-FV": 68, "TV-Y": 102,
}  # fmt: skip
"""Both from the strictest to the mildest, in the same order."""

MOVIE_CATEGORIES: dict[str, int] = {
    "International Movies": 1927, "Dramas": 1623, "Comedies": 1113, "Documentaries": 668, "Action & Adventure": 597,
    "Independent Movies": 552, "Thrillers": 392, "Children & Family Movies": 378, "Romantic Movies": 376,
    "Stand-Up Comedy": 281, "Horror Movies": 262, "Music & Musicals": 243, "Sci-Fi & Fantasy": 193,
    "Sports Movies": 157, "Classic Movies": 84, "LGBTQ Movies": 60, "Movies": 56, "Cult Movies": 55,
    "Faith & Spirituality": 47, "Anime Features": 45,
}  # fmt: skip
SHOW_CATEGORIES: dict[str, int] = {
    "International TV Shows": 1001, "TV Dramas": 599, "TV Comedies": 436, "Crime TV Shows": 363, "Kids' TV": 328,
    "Docuseries": 279, "Romantic TV Shows": 278, "British TV Shows": 210, "Reality TV": 153, "Korean TV Shows": 132,
    "TV Action & Adventure": 126, "Anime Series": 117, "Spanish-Language TV Shows": 117, "TV Mysteries": 69,
    "TV Sci-Fi & Fantasy": 68, "Science & Nature TV": 67, "TV Horror": 54, "Teen TV Shows": 44, "TV Thrillers": 44,
    "Stand-Up Comedy & Talk Shows": 42, "Classic & Cult TV": 24, "TV Shows": 10,
}  # fmt: skip

COUNTRIES: dict[str, int] = {
    "United States": 2609, "India": 838, "United Kingdom": 601, "Canada": 318, "France": 271, "Japan": 231,
    "Spain": 178, "South Korea": 162, "Germany": 151, "Mexico": 129, "Australia": 126, "China": 120, "Hong Kong": 97,
    "Turkey": 87, "Taiwan": 75, "Argentina": 68, "Italy": 67, "Belgium": 66, "Brazil": 66, "Thailand": 56,
    "Egypt": 54, "Indonesia": 52, "Philippines": 47, "Denmark": 38, "Netherlands": 37, "Nigeria": 36, "Colombia": 36,
    "Ireland": 33, "Sweden": 33, "South Africa": 30, "Singapore": 30, "Poland": 26, "Israel": 26, "Chile": 23,
    "Pakistan": 23, "New Zealand": 23, "Norway": 21, "Russia": 21, "United Arab Emirates": 21, "Malaysia": 21,
    "Czech Republic": 15, "Switzerland": 15, "Austria": 10, "Lebanon": 9, "Peru": 9, "Uruguay": 9, "Finland": 9,
    "Bulgaria": 8, "Greece": 8, "Luxembourg": 7, "Iceland": 6, "Romania": 6, "Jordan": 6, "Morocco": 6, "Qatar": 6,
    "Serbia": 5, "Hungary": 5, "West Germany": 5, "Vietnam": 4, "Iran": 4, "Portugal": 4, "Croatia": 4,
    "Cambodia": 3, "Venezuela": 3, "Ukraine": 3, "Slovenia": 3, "Bangladesh": 3, "Soviet Union": 3,
    "Saudi Arabia": 2, "Ghana": 2, "Dominican Republic": 2, "Georgia": 2, "Zimbabwe": 2, "Malta": 2, "Senegal": 2,
    "Iraq": 2, "Nepal": 2, "Guatemala": 1, "Paraguay": 1, "Somalia": 1, "Mauritius": 1, "Cyprus": 1,
    "Cayman Islands": 1, "Liechtenstein": 1, "Panama": 1, "Latvia": 1, "Uganda": 1,
}  # fmt: skip

CHILD_NUMBERS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "cast": (
        (359, 513, 88, 82, 123, 157, 293, 276, 660, 348, 791, 220, 141, 64, 45, 105),
        (210, 184, 61, 56, 81, 110, 193, 151, 172, 143, 182, 92, 64, 52, 41, 177),
    ),
    "category": ((0, 1071, 1541, 1651), (0, 378, 590, 1001)),
    "countries": ((195, 3333, 483, 154, 62, 38), (281, 1503, 124, 42, 12, 7)),
    "directors": ((128, 3719, 418), (1841, 110, 18)),
}
"""Weights of having 0, 1, 2, … members (the last figure counts all beyond, too), for movies and for TV shows."""
SEASON_NUMBERS = (0, 1321, 304, 158, 61, 46, 22, 21, 16, 7, 3, 3, 2, 2, 1, 2)
YEARS_SINCE_ADDED = (2349, 1782, 1299, 456, 90, 25, 12, 7, 13)
"""Weight of having been added in the last full year, in the one before it, and so on."""
YEARS_TO_ADDED = (9, 2146, 1285, 524, 364, 264, 189, 173, 135, 124, 108, 89, 90, 61, 70, 46, 37, 45, 35, 36, 24,
                      24, 28, 26, 25, 20, 23, 13, 15, 8, 15, 7, 7, 5, 6, 9, 8, 6, 14, 6, 7, 8, 5, 3, 9, 6)  # fmt: skip
"""Weight of having been released -1, 0, 1, … years before being added."""

CHART_COUNTRIES: tuple[tuple[str, str], ...] = (
    ("Argentina", "AR"), ("Australia", "AU"), ("Brazil", "BR"), ("France", "FR"), ("Germany", "DE"), ("India", "IN"),
    ("Japan", "JP"), ("Nigeria", "NG"), ("Réunion", "RE"), ("South Korea", "KR"), ("United Kingdom", "GB"),
    ("United States", "US"), ("Austria", "AT"), ("Bahamas", "BS"), ("Bahrain", "BH"), ("Bangladesh", "BD"),
    ("Belgium", "BE"), ("Bolivia", "BO"), ("Bulgaria", "BG"), ("Canada", "CA"), ("Chile", "CL"), ("Colombia", "CO"),
    ("Costa Rica", "CR"), ("Croatia", "HR"), ("Cyprus", "CY"), ("Czech Republic", "CZ"), ("Denmark", "DK"),
    ("Dominican Republic", "DO"), ("Ecuador", "EC"), ("Egypt", "EG"), ("El Salvador", "SV"), ("Estonia", "EE"),
    ("Finland", "FI"), ("Greece", "GR"), ("Guadeloupe", "GP"), ("Guatemala", "GT"), ("Honduras", "HN"),
    ("Hong Kong", "HK"), ("Hungary", "HU"), ("Iceland", "IS"), ("Indonesia", "ID"), ("Ireland", "IE"),
    ("Israel", "IL"), ("Italy", "IT"), ("Jamaica", "JM"), ("Jordan", "JO"), ("Kenya", "KE"), ("Kuwait", "KW"),
    ("Latvia", "LV"), ("Lebanon", "LB"), ("Lithuania", "LT"), ("Luxembourg", "LU"), ("Malaysia", "MY"),
    ("Maldives", "MV"), ("Malta", "MT"), ("Martinique", "MQ"), ("Mauritius", "MU"), ("Mexico", "MX"),
    ("Morocco", "MA"), ("Netherlands", "NL"), ("New Caledonia", "NC"), ("New Zealand", "NZ"), ("Nicaragua", "NI"),
    ("Norway", "NO"), ("Oman", "OM"), ("Pakistan", "PK"), ("Panama", "PA"), ("Paraguay", "PY"), ("Peru", "PE"),
    ("Philippines", "PH"), ("Poland", "PL"), ("Portugal", "PT"), ("Qatar", "QA"), ("Romania", "RO"), ("Russia", "RU"),
    ("Saudi Arabia", "SA"), ("Serbia", "RS"), ("Singapore", "SG"), ("Slovakia", "SK"), ("Slovenia", "SI"),
    ("South Africa", "ZA"), ("Spain", "ES"), ("Sri Lanka", "LK"), ("Sweden", "SE"), ("Switzerland", "CH"),
    ("Taiwan", "TW"), ("Thailand", "TH"), ("Trinidad and Tobago", "TT"), ("Turkey", "TR"), ("Ukraine", "UA"),
    ("United Arab Emirates", "AE"), ("Uruguay", "UY"), ("Venezuela", "VE"), ("Vietnam", "VN"),
)  # fmt: skip
"""Countries with a weekly list, with ISO 3166 code; a small sample takes the first dozen."""
