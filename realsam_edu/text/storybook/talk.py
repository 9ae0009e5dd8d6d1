"""The storybook's words, phrases, sentences and conversations, in the same notation."""

import re
from collections.abc import Iterator

from .pools import Pool

PHRASES = """
phrases:
  4* {looks.a} {colors} [{toys}|{clothes}|{vehicles}]
  3* {natures.a} {beasts} and {pals.a}
  2* [by|near|beside|behind] the {lands} {landmarks}
  2* {places.to} with {elders}
  2* {flavors} {foodstuffs} and {foods.pl}
  2* {numbers} {bigness} {trees.pl}
  2* one {weathers} {daytimes} in {months}
  2* {hobbies.ing} with {everyone}
  {spots}
  {hero=everyone} the {natures} {kinds@hero}
  very {glads} and a bit {tireds}
  {numbers} {colors} {blooms.pl}
  {looks.a} {builds} {places.at}
  not {sads} any more
  {goes.past} {hows} {places.to}
  dreams of {dreams.pl}
  so {scareds} of {fears}
  {foods.a} and {colors.a} {blooms}
  {pals.a} named {palnames}
"""

SENTENCES = """
sentences:
  4* <start>
  2* <when>, {hero=everyone} {goes.past} {places.to}.
  2* {hero=everyone} the {kind=kinds@hero} had {looks.a} {colors} {toys}.
  2* "{joys}!" {cheers} {elders}. "{sights.A}!"
  2* {elders} gave {hero=children} {tastes.a} {foods} and {comforts}.
  {hero=everyone} was {sads}, so {friend=palnames} the {pal=pals} came {pal.came} over.
  {hero=everyone} looked {spots} and found {smallness.a} {sillies}.
  "{woes}!" {cries} {hero=everyone}. "I lost my {toys}."
  {hero=everyone} liked {hob=hobbies.ing}. Every {weekdays} {he} went {places.to} to {hob}.
  {pal=pals.A} said, "{pal.sound}!"
  {hero=everyone} ate {foodstuffs} with {foods.pl} until {skies}.
  {friend=palnames} the {pals} had {numbers} {siblings} and {natures.a} {jobs}.
  In {seasons} it was {weathers}, and {hero=everyone} dreamed of {dreams.pl}.
  {hero=children} wanted to build {builds.a} with {numbers} {stuffs.pl}.
  {bangs}! The {vehicles} stopped {places.at}.
  "Are you {scareds} of {fear=fears}?" asked {elders}. "No, I am not afraid of {fear}," said
    {hero=everyone}.
  {mini=minis.A} was stuck {traps}. {hero=everyone} helped it {hows}.
  {hero=everyone} was so {glads} that {he} {hows} kissed {elders}.
"""

CONVERSATIONS = """
conversations:
  3* <greet> <favorite> <bye_favorite>
  3* <greet> <favorite> <about> <bye_favorite>
  2* <greet> <favorite> <about>
  3* <greet> <sorrow> <bye>
  <greet> <chat> <bye>
  2* <greet> <long_chat> <bye>
  2* <greet> <ask_story> <bye_favorite>
  <greet> <chat> <favorite> <bye_favorite>
  <greet> <chat>
greet:
  <|user|>[Hi|Hello|Hey|Good {daytimes}][, Sam|]! [I am|My name is] {hero=children}.<|sam|><nice>
nice:
  [Hello|Hi], {hero}! [How are you|What is new|What shall we do|Shall we talk] on this {weathers}
    {daytimes}?
  Nice to meet you, {hero}! I was just thinking of {colors} {dreams.pl}.
  {joys}, {hero} is {goods.a} name! I am Sam, and I know {natures.a} {beasts}.
  [Hello|Hi], {hero}! It is {verys} {weathers} today. What do you want to talk about?
favorite:
  3* <|user|>My favorite animal is the {fav=beasts}. [What is yours|And yours]?<|sam|>Mine is the
    {pals}, {hero}, because it is so {natures}.
  2* <|user|>Do you like {fav=beasts.pl}?<|sam|>[Yes|Oh yes|Of course], {hero}! I once met
    {natures.a} {fav} {places.at}.
  2* <|user|>I like {fav=foods.pl} best, when they are {taste=tastes}.<|sam|>{taste.Up} {fav.pl}!
    I like {flavors} {foodstuffs}, {hero}.
  3* <|user|>{elders} gave me {looks.a} {colors} {fav=toys}.<|sam|>[How {goods}|{joys}], {hero}!
    Do you take your {fav} {places.to}?
  <|user|>I had a dream about {colors.a} {fav=vehicles}.<|sam|>Where did the {fav} go, {hero}?
    {places.To}?
about:
  4* <|user|>[Tell me|I want|I would like] a [tiny|short|little|funny] story about {fav.a}[,
    please|].<|sam|><tiny>
  <|user|>[Do you remember|Do you still know] what I told you about?<|sam|>[Yes|Of course],
    {hero}! About {fav.a}. I {hows} remember it.
  <|user|>What do you think {fav.pl} dream of?<|sam|>Of {colors} {dream=dreams.pl}, {hero}, and of
    {natures} {dreams!dream.pl}.
tiny:
  Once {hero} and {looks.a} {fav} {goes.past} {places.to}. They saw {bigness.a} {sights} and came
    home before {skies}.
  Once there was {natures.a} {fav} that wanted to {hobbies}. So it {hows} {goes.past} {places.to},
    and it was {verys} {glads}.
  One {weathers} {daytimes} {natures.a} {pal=pals} dreamed of {colors.a} {fav}. "{pal.sound},"
    said the {pal}. And there it was, {spots}!
  Once {looks.a} {fav} was {verys} {sads}. Then {friend=palnames} the {pal=pals} came {pal.came}
    by with {comforts}, and they {smiles} until {skies}.
sorrow:
  3* <|user|>I am {verys} {sad=sads} today.<|sam|>Why are you {sad}, {hero}?<|user|>My {looks}
    {toy=toys} is [gone|lost|broken].<|sam|><console_toy>
  2* <|user|>I cannot sleep.<|sam|>What is it, {hero}?<|user|>I am {scareds} of
    {fear=fears}.<|sam|>Many {natures} {beasts.pl} are {scareds} of {fear} too, {hero}. It helps to
    {tricks}.
  2* <|user|>I feel {verys} {sad=sads}.<|sam|>Oh, {hero}. What made you {sad}?<|user|>Nobody wants
    to {hob=hobbies} with me.<|sam|>I like {hob.ing}, {hero}. Let us do it {places.at}!
  2* <|user|>I miss {elder=elders}.<|sam|>Where is {elder}, {hero}?<|user|>[Far away|Somewhere|I
    think] {places.at}.<|sam|>{He3} will be back on {weekdays}. Let us make {him3} {colors.a}
    {gifts}!
console_toy:
  Oh, your {toy}! Did you look {spots}, {hero}?
  Let us ask {elders} about the {toy}, {hero}. {comforts.Up} would be good now, too.
  I will tell you about {natures.a} {kind=beasts} who lost {looks.a} {toy} and found it {spots}.
chat:
  <|user|>What does the {pal=pals} say?<|sam|>The {pal} says, "{pal.sound}!"
  <|user|>I will be {job=jobs.a} [one day|when I grow up].<|sam|>You will be {goods.a} {job},
    {hero}! And very {natures}.
  <|user|>It is {weather=weathers} [here|outside|today].<|sam|>I like {weather} days, {hero}. Put
    on your {colors} {clothes}!
  <|user|>[Can you|Do you like to] {hob=hobbies}?<|sam|>[Not yet|A little|Not really], {hero}. But
    I know {pals.a} who is {goods} at {hob.ing}.
long_chat:
  2* <|user|>[Today|Last {weekdays}|This {daytimes}] I went {place=places.to} and saw
    {sight=sights.a}.<|sam|>{sight.A}! Was it {look=looks}?<|user|><look_answer><|sam|>I want to go
    {place.to} too, {hero}.
  <|user|>What does the {pal=pals} say?<|sam|>The {pal} says, "{pal.sound}!"<|user|>And the
    {other=pals!pal}?<|sam|>The {other} says, "{other.sound}!"
  <|user|>I want to build {build=builds.a}.<|sam|>What do you need for it,
    {hero}?<|user|>{numbers.Up} {stuff=stuffs.pl} and {tools.a}.<|sam|>With {stuff.pl} it will be
    {looks.a} {build}!
  <|user|>I have {numbers} {colors} {foods.pl}.<|sam|>Will you share them, {hero}?<|user|>Yes,
    with {natures.a} {kind=beasts}.<|sam|>Then the {kind} will be {verys} {glads}.
look_answer:
  2* Yes, it was {verys} {look}!
  No, it was {looks!look}.
ask_story:
  <|user|>[Please tell|Tell|Sam, tell] me a story about {natures.a} {fav=beasts}[ before
    bed|].<|sam|><tiny>
bye_favorite:
  <|user|><parting>, Sam.<|sam|><parting>, {hero}. Dream of {colors} {fav.pl}!
  <|user|>I have to go [to bed|home|to {elders}] now.<|sam|><parting>, {hero}. [Tomorrow|On
    {weekdays}] I will tell you more about {fav.pl}.
  <|user|>You are {goods.a} friend.<|sam|>So are you, {hero}. I will think of you and the {fav}
    {places.at}.
parting:
  [Good night|Bye|Goodbye|See you|Sleep well|So long]
bye:
  <|user|><parting>, Sam.<|sam|><parting>, {hero}. Dream of {colors} {dreams.pl}!
  <|user|>I have to go [to bed|home|to {elders}] now.<|sam|><parting>, {hero}. [Tomorrow|On
    {weekdays}] I will tell you about {natures.a} {beasts}.
  <|user|>You are {goods.a} friend.<|sam|>So are you, {hero}. You are {verys} {nature=natures} and
    {natures!nature}.
"""

RULES = (PHRASES, SENTENCES, CONVERSATIONS)

THEMES = """beasts pals foods foodstuffs colors toys clothes landmarks jobs vehicles trees blooms
crops weathers numbers tools natures sads goes weekdays months minis builds dreams bangs"""


def word_lists(pools: dict[str, Pool]) -> Iterator[tuple[float, str]]:
    """Yield the alternatives of the level of words: three to five words of one theme.

    Adds to `pools` what each theme draws from: its entries that are single words. No two themes
    share more than two of them, so a list tells its theme.
    """
    for theme in THEMES.split():
        words = [entry for entry in pools[theme].entries if re.fullmatch(r"\w+", entry.forms[""])]
        pools[f"one_{theme}"] = Pool(words, pools[theme].group)
        places = [f"w{i}=one_{theme}" + "".join(f"!w{j}" for j in range(i)) for i in range(5)]
        for n in (3, 4, 5):
            yield 1.0, " ".join(f"{{{place}}}" for place in places[:n])
