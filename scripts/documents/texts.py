"""Texts of our own from which make_documents.py makes its documents: what stands in them is known word for word."""

MILL = [
    "The mill at Holm stood where the brook leaves the wood, and for as long as anybody could remember its wheel had turned "
    "to the left. Strangers who came to the village were told about it before they were told the way to the inn. It was said "
    "that the builder had read his drawing from behind, and that nobody had dared to tell him until the roof was finished.",
    "In the autumn of 1871 the wheel stopped. There was water enough, and the stones were sound, but neither the miller nor "
    "his mother-in-law could say what held it. They sent for the carpenter, who measured everything twice, wrote the numbers "
    "into a small well-worn book, and went home without a word. On the following morning he came back with four oxen.",
    "What they pulled out of the wheel was a bell. It was green with age, nearly as tall as a child of seven, and around its "
    "rim ran an inscription that nobody in the neighbourhood was able to read. The schoolmaster supposed that it was Latin; "
    "the parson, who knew Latin, supposed that it was not. Both agreed that it must be extraordinarily old.",
    "The bell was hung between two beams in the yard, and the children were forbidden to touch it. Of course it rang within "
    "the hour. It had a soft and rather sorrowful sound, which could be heard on the other side of the valley, and every dog "
    "in the village lay down at once. The shepherds found this extremely convenient, and asked for it to be rung again.",
    "From then on the mill ground nothing but rye on Mondays, and the bell was rung in the evening when the flocks came down "
    "from the high pastures. An understanding grew up between the miller and the shepherds which was never written down. He "
    "received a cheese at Easter and a lamb at Michaelmas, and in return he kept the rope dry and the children away.",
    "Visitors came from the capital to investigate the inscription. They made rubbings and photographs, compared them with "
    "similar inscriptions in three museums, and published a long explanation, according to which the bell had belonged to a "
    "monastery that never existed. The villagers bought a copy of the publication and kept it in the inn, under the short leg "
    "of the billiard table, where it is still of considerable service.",
    "When the railway was built the engineers proposed to lead it across the meadow behind the mill. The meeting lasted until "
    "two o’clock in the morning. In the end it was the bell that decided the question: as soon as the surveyors began to "
    "hammer in their posts, somebody rang it, and all the sheep of the parish walked slowly into the meadow and lay down. The "
    "line now runs through the next valley, and is frequently interrupted by snow.",
    "The miller’s granddaughter, who keeps the place today, will show the bell to anyone who asks for it politely. She says "
    "that the inscription is perfectly simple, and that one only has to read it from behind. Then she laughs, and refuses to "
    "tell what it says. The wheel still turns to the left.",
]

WEATHER = [
    "Anyone who wants to understand the weather of a narrow valley should begin with its shadows. In January the sun reaches "
    "the floor of the valley for less than two hours, and cold air collects there as water collects in a basin. The "
    "thermometers at the church and at the quarry, only 180 metres apart in height, differ by as much as eleven degrees.",
    "We have recorded temperature, humidity and wind at five stations since 1998, every ten minutes, with instruments that "
    "were compared twice a year. The records are complete apart from three interruptions, all of which were caused by sheep. "
    "A description of the instruments, and of the fence that was put up afterwards, is given in the appendix.",
    "The most remarkable observation concerns the evening wind. On clear days it begins almost exactly forty minutes after "
    "the sunset of the upper slopes, independently of the season, and it brings air that is considerably drier than that of "
    "the afternoon. Shepherds have known this for generations: they call it the carrier, because it carries the smoke of the "
    "village up to the huts, and with it the smell of supper.",
    "Two explanations have been suggested. According to the first, the wind is driven by the difference between the heated "
    "rock of the southern wall and the snow on the opposite side. According to the second, it is simply the return of air "
    "that was displaced in the morning. Our measurements support the first explanation, although they do not exclude the "
    "second altogether.",
    "Fog behaves differently. It forms over the brook before sunrise, grows to a thickness of about thirty metres, and is "
    "dissolved from above. On a third of the mornings in October it reached the mill, but it never reached the church. The "
    "people of the lower village therefore dry their washing in the churchyard, an arrangement that has been tolerated since "
    "1904.",
    "Precipitation is distributed unevenly. The western station receives half as much again as the eastern one, and the "
    "difference is largest in thunderstorms, which follow the ridge. Farmers take account of it: hay is made first in the "
    "east, and barley is sown last in the west. Insurance companies do not take account of it, which has led to a lengthy "
    "correspondence.",
    "It would be premature to speak of a trend. The mean temperature of the summer has risen by 0.8 degrees within twenty "
    "years, but individual summers differ by more than that. What has changed beyond doubt is the duration of the snow: the "
    "last patch below the pass, which used to survive until the second week of July, disappeared before midsummer in seven of "
    "the last ten years.",
    "We thank the parish for its patience, the shepherds for their stories, and the sheep for having left the rain gauge "
    "undisturbed. All measurements can be obtained from the authors, together with a map on which every instrument is marked "
    "in red and every good place to sit is marked in green.",
]

GERMAN = [
    "Das Wirtshaus zum halben Mond liegt an der alten Landstraße, genau in der Mitte zwischen zwei Ortschaften, die einander "
    "seit Menschengedenken nicht leiden können. Die Gaststube hat deshalb zwei Türen. Wer durch die falsche eintritt, wird "
    "freundlich gebeten, noch einmal hinauszugehen und es von der anderen Seite zu versuchen.",
    "Der Wirt versteht sich mit allen. Er führt zwei Rechnungsbücher, zwei Kegelkassen und, wie manche behaupten, zwei "
    "verschiedene Wahrheiten. Nur die Wetterfahne auf dem Dach ist für beide Gemeinden dieselbe, und auch sie wurde erst nach "
    "einer außerordentlichen Versammlung aufgestellt, deren Niederschrift einundvierzig Seiten umfasst.",
    "Im Frühjahr kam eine Landvermesserin, die von alledem nichts wusste. Sie trug ihre Geräte durch die linke Tür herein, "
    "bestellte eine Kartoffelsuppe und bat um einen Tisch am rechten Fenster, weil dort das Licht besser sei. Es wurde so "
    "still, dass man die Standuhr im oberen Stockwerk hören konnte.",
    "Da lachte jemand. Später wollte es keiner gewesen sein, aber das Gelächter breitete sich aus, von Bank zu Bank und von "
    "Wand zu Wand, bis der Wirt die Zwischentür aushängte, die ohnehin seit Jahren geklemmt hatte. Seither gibt es nur noch "
    "eine Kegelkasse. Die beiden Rechnungsbücher führt er vorsichtshalber weiter.",
]

FRENCH = [
    "La bergère du col ne descendait au village que deux fois par an, pour vendre la laine au printemps et pour acheter du "
    "sel à l’automne. Le reste du temps, elle parlait à ses bêtes, et l’on prétendait qu’elles lui répondaient.",
    "Un soir d’octobre, le facteur la trouva devant sa porte, très occupée à lire à haute voix une lettre qu’elle n’avait pas "
    "encore reçue. Il fouilla dans sa sacoche : la lettre y était, cachetée, et le timbre n’avait pas une égratignure.",
    "Depuis ce jour-là, il monte sans se presser. Il sait qu’en haut les nouvelles sont déjà connues, qu’une soupe l’attend, "
    "et que le chien, qui n’aboie jamais, lèvera simplement la tête pour voir s’il a pensé au sel.",
]

RUSSIAN = [
    "Старый смотритель маяка вёл дневник сорок лет подряд и ни разу не пропустил ни одного дня. Он записывал направление "
    "ветра, высоту волны и число проходящих кораблей, а на полях рисовал чаек, которые прилетали к нему завтракать.",
    "Однажды утром корабль остановился прямо под скалой. На палубе стояла девочка и махала рукой. Смотритель спустился по "
    "лестнице, насчитал сто двенадцать ступеней и понял, что раньше их было на одну меньше.",
    "Девочка попросила показать ей лампу. Она долго смотрела на стёкла, потом спросила, не скучно ли свету всё время "
    "возвращаться на одно и то же место. С тех пор смотритель записывает в дневник и это: скучал ли сегодня свет.",
]

HEBREW = [
    "הרועה הזקן ישב על האבן הגדולה וספר את הכבשים שלו. בכל ערב הוא ספר אותן מחדש, ובכל ערב הייתה אחת יותר. "
    "הוא לא סיפר על כך לאיש, כי חשש שיאמרו שאינו יודע לספור.",
    "בלילה אחד ירד גשם חזק והנחל עלה על גדותיו. הילדים רצו אל הגבעה והביאו פנס וחבל ארוך. "
    "הכבשה הנוספת עמדה בשקט ליד השער וחיכתה להם.",
    "בבוקר שאל הילד הקטן מאין באה הכבשה. הרועה חייך ואמר שהיא באה מן הספירה עצמה: "
    "מי שסופר באהבה מוצא תמיד אחת יותר.",
]

VERSE = [
    ["The wheel goes round, the wheel goes round,", "The water has no need to know", "Which way the miller’s corn is ground,",
     "Nor why the wheel should want it so."],
    ["A bell lay sleeping in the stream,", "And over it the water ran;", "It heard the mill as in a dream",
     "And slept until the frost began."],
    ["Then came four oxen, white and slow,", "And drew it up into the light;", "It rang one note, and then let go",
     "The hundred years before that night."],
    ["Now every evening, down the hill,", "The sheep come walking, two by two,", "And stand a moment, and are still,",
     "As sheep, when bells are ringing, do."],
]

DAMAGE = [["House", "Damage", "Paid"], ["Mill", "40", "12"], ["School", "15", "15"], ["Inn", "33", "8"]]

STATIONS = [
    ["Station", "Height", "Rain", "Snow days"],
    ["Church", "1140", "812", "96"],
    ["Mill", "1012", "790", "88"],
    ["Quarry", "960", "655", "71"],
    ["High hut", "1874", "1210", "163"],
    ["Pass", "2203", "1388", "201"],
]

HARVEST = [
    ["Year", "Rye", "Barley", "Hay", "Wool"],
    ["1998", "41.5", "22.0", "310", "7.2"],
    ["1999", "39.8", "24.5", "295", "7.4"],
    ["2000", "44.1", "21.7", "342", "6.9"],
    ["2001", "37.0", "26.3", "288", "7.8"],
    ["2002", "42.6", "23.9", "305", "7.1"],
    ["2003", "30.2", "19.4", "241", "6.8"],
    ["2004", "45.3", "25.1", "351", "7.7"],
]

NOTES = [
    "Parish register of Holm, second volume, entry for the ninth of October.",
    "The carpenter’s book has been in the possession of his family ever since.",
    "It is four feet and one inch in height, and weighs as much as nine sheep.",
    "Letter of the schoolmaster to his sister, undated, probably written in the same winter.",
    "The rope was replaced in 1889, in 1911 and after the flood.",
    "The publication has 212 pages, of which 180 are appendices.",
]
