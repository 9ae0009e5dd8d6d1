"""How the storybook's stories go: openings, ends, three plots; notation in `storybook_grammar`."""

STORIES = """
stories:
  <lost>
  <reach>
  <lonely>
  <afraid>
  <present>
  <quarrel>
  <rescue>
  <journey>
  <garden>
  <building>
start:
  3* Once upon a time there was {natures.a} [little|young] {kind=kinds} [named|called]
    {hero=names@kind}. <trait>
  2* {hero=everyone} was {natures.a} {kind=kinds@hero} who lived <beside>. <trait>
  2* <Beside> lived {natures.a} {kind=kinds} [named|called] {hero=names@kind}. <trait>
  This is [a|the] story [about|of] {natures.a} {kind=kinds} [named|called] {hero=names@kind}.
    <trait>
  Far, far away, <beside>, there lived {natures.a} {kind=kinds}. The name of the {kind} was
    {hero=names@kind}.
  Have you [heard of|met] {hero=everyone}, the {natures} {kind=kinds@hero} <beside>? <trait>
  In {looks.a} {colors} [house|hut|cottage] <beside> lived {natures.a} {kind=kinds} [named|called]
    {hero=names@kind}.
  Do you know the {natures} {kind=kinds} who lived <beside>? Everyone called the {kind}
    {hero=names@kind}.
Hero:
  [3*{He}|2*{hero}|2*The {kind}]
Name:
  [{hero}|The {kind}]
one:
  [3*{he}|2*{hero}|2*the {kind}]
hero:
  [2*{hero}|the {kind}]
friend:
  [{friend}|the {pal}]
beside:
  [by|near|beside|behind|not far from] the {lands} {landmarks}
  at the [edge|end] of the {lands} {landmarks}
Beside:
  [By|Near|Beside|Behind|Not far from] the {lands} {landmarks}
  At the [edge|end] of the {lands} {landmarks}
trait:
  <Hero> [loved|liked|enjoyed] {hobbies.ing} and {tastes} {foods.pl}.
  <Hero> [loved|liked] to {hob=hobbies} and to {hobbies!hob}.
  <Hero> always wore {looks.a} {colors} {clothes}.
  [Nobody|No {kind}|No {jobs}] could {hobbies} [better|faster|longer|more {hows}] than {hero}.
  Every {daytimes} {he} ate {flavors} {foodstuffs} with {foods.pl}.
  <Hero> wanted to be {looks.a} {job=jobs} or {bold.a} {jobs!job} [when {he} grew up|one day].
  Best of all {he} liked {hobbies.ing} with {his} {numbers} {natures} {siblings}.
  <Hero> had {numbers} {siblings} and {looks.a} {colors} {clothes}.
when:
  3* One {weathers} {daytimes}
  One {daytimes} in {seasons}
  One {weathers} day in {months}
  On a {weathers} {weekdays}
  Early one {weathers} {weekdays}
when_low:
  one {weathers} {daytimes}
  on a {weathers} {weekdays}
meet:
  3* {soons} {natures.a} {pal=pals} [named|called] {friend=palnames} came {pal.came}
    [by|along|over].
  {soons} {friend=palnames}, {natures.a} {pal=pals} with {looks.a} {clothes}, came {pal.came}
    [by|along|over].
  {natures.A} {pal=pals} [named|called] {friend=palnames} [saw|heard|noticed] {him} and came
    {pal.came} over.
  "{pal=pals.sound}!" It was {friend=palnames}, the {natures} {pal} from the {lands} {places}.
  {soons} {friend=palnames} the {pal=pals} came {pal.came} down the {colors} {paths} with
    {tastes.a} {foods}.
upset:
  2* <Hero> sat down [on|beside] {bigness.a} {seats} and felt {verys} {sads}.
  {bigness.A} tear [ran|rolled|trickled|dripped] down {his} {cheeks}. {He} felt {verys} {sads}.
  "{woes}!" {cries} <hero>, and {he} [kicked|picked up|stared at|stepped on|tripped over]
    {smallness.a} {sillies}.
  <Hero> was so {sads} that {he} could not [eat|sing|smile|play|speak|hum|dance|sleep|sit
    still|think].
joy:
  2* "{joys}!" {cheers} <hero> and {cares} gave {friend} {comforts}.
  <Name> was so {glads} that {he} {cares} [hugged|kissed|thanked|tickled|squeezed|praised] the
    {pal}.
  "You are {natures.a} friend," {tells} <hero> {tones}.
  <Name> gave {friend} {numbers} {tastes} {foods.pl} and {comforts}.
  "{joys}!" they both {cheers}, and they [danced|ran|skipped|hopped|spun] around {bigness.a}
    {trees}.
close:
  [From that day on|After that|Ever since], {hero} and {friend} [met|played|sang|danced]
    {places.at} every {weathers} {weekdays}.
  2* {soons} [they|the two friends|the {kind} and the {pal}] {eats} {taste=tastes} {foods.pl} with
    {flavors} {foodstuffs} until {skies}.
  {soons} they were {hob=hobbies.ing} and {hobbies!hob.ing} {places.at}, {glads} and {tireds}.
  2* That night {hero} [dreamed of|dreamed about|sang about|told {elders} about] {colors}
    {dream=dreams.pl} and {natures} {dreams!dream.pl}.
  "What {nice=goods.a}, {goods!nice} day," {tells} <friend>, and <hero> {smiles}. Then {skies}.
  And if you go to the {lands} {places} on a {weathers} {daytimes}, you may still see them
    {hobbies.ing}.
  [Now|Today|These days] {hero} and {friend} meet every {weathers} {weekdays} to {hobbies}
    {places.at}.
  <Name> was not {sads} [any more|now], and {friend} stayed for {flavors} {foodstuffs} and
    {tastes} {foods.pl}.
"""

LOST = """
lost:
  <start> <had_toy> // <gone> <search> // <meet> <ask_lost> <promise> // <found> <joy> <close>
had_toy:
  <Hero> had {looks.a} {colors} {toy=toys} and took it [everywhere|to bed|{places.to}].
  {His} [favorite|dearest|best] thing in the [whole|wide] world was {looks.a} {colors} {toy=toys}.
  {elders} had given {him} {looks.a} {colors} {toy=toys} for {his} birthday.
  Of all {his} things {he} liked {his} {looks} {colors} {toy=toys} best.
gone:
  2* <when>, the {toy} was gone. {He} felt {verys} {sads}.
  <when>, <one> [woke up|came home|went to play|sat down|got dressed|had breakfast] and could not
    find it.
  "{woes}!" {cries} <hero> <when_low>. "Where is my {toy}?"
  But <when_low> {he} {hunts} for the {toy}, and it was not there.
search:
  2* <Hero> {hunts} {spot=spots}, but there was only {smallness.a} {silly=sillies}. {He} {hunts}
    {other=spots!spot} and found {smallness.a} {sillies!silly}.
  Was it {spot=spots}? No, there was only {smallness.a} {silly=sillies}. Was it
    {other=spots!spot}? No, there was only {smallness.a} {sillies!silly}.
  <Hero> {hunts} {spot=spots} and {other=spots!spot}. All {he} found was {smallness.a} {sillies}.
  First {he} {hunts} {spot=spots}. Then {he} {hunts} {other=spots!spot}. There was {smallness.a}
    {sillies}, but no {toy}.
ask_lost:
  "Why are you {verys} {sads}, {hero}?" {asks} <friend> {tones}. <tell_lost>
  "What [is wrong|is the matter|happened]?" {asks} <friend> {tones}. <tell_lost>
  "What are you looking for {spots!spot!other}?" {asks} <friend> {tones}. <tell_lost>
tell_lost:
  "I lost my {toy}," {tells} <hero> {moods}.
  "My {toy} is gone!" {cries} <hero>.
  "I cannot find my {toy}," {hero} {tells} {moods}.
promise:
  "Do not [cry|worry|give up|be {sads}]," {tells} <friend>. "Did you look
    {here=spots!spot!other}?"
  "I have {goods.a} idea," {tells} <friend>. "Let us look {here=spots!spot!other}!"
  {friend} [scratched|shook|tilted|rubbed] {his2} head. "[Maybe|Perhaps|I think|I bet] it is
    {here=spots!spot!other}," {he2} {tells}.
  "I will help you," {tells} <friend> {tones}. "First we look {here=spots!spot!other}."
found:
  They {hows} {goes.past} to see. {soons} they found the {toy}, right {here}, on {smallness.a}
    {sillies}!
  So they {hunts} {here}. And there was the {toy}, [next to|under|beside|on top of] {smallness.a}
    {sillies}!
  And that is where it was: {here}, [under|beside|behind] {smallness.a} {sillies}.
  <Name> {goes.past} ahead and {hows} {hunts} {here}. There was the {toy}, {looks} and {colors}!
"""

REACH = """
reach:
  <start> // <fly_away> <try_high> // <meet_fly> <point> <fly_help> // <joy> <close>
  <start> // <float_away> <try_water> // <meet_swim> <point> <swim_help> // <joy> <close>
  <start> // <roll_away> <try_deep> // <meet_dig> <point> <dig_help> // <joy> <close>
fly_away:
  2* <when>, <one> {goes.past} {places.to} with {looks.a} {colors} {toy=flyers}. {winds.A} wind
    {blews} it up into {bigness.a} {tree=trees}.
  <last_got> {looks.a} {colors} {toy=flyers} from {elders}. But <when_low> {winds.a} wind {blews}
    it to the top of {bigness.a} {tree=trees}.
  <when>, <one> was playing with {looks.a} {colors} {toy=flyers}. {bangs}! It {flews} up into
    {bigness.a} {tree=trees}.
last_got:
  [Last {seasons}|Last {weekdays}|On {his} birthday], {he} got
try_high:
  <Hero> jumped {numbers} times, but {he} was too [small|short|heavy]. {He} tried it with
    {tools.a}, but it was too [short|thin|bent]. <upset>
  <Hero> {hows} tried to climb the {tree}. {bangs}! {He} fell down on {smallness.a} {sillies}.
  <Hero> threw {smallness.a} {silly=sillies} at it, but now the {toy} and the {silly} were both up
    in the {tree}. <upset>
  <Hero> {hows} shook the {tree}. {smallness.A} {sillies} fell down, but the {toy} did not.
float_away:
  <when>, <one> {goes.past} to the {water=waters} with {looks.a} {colors} {toy=floaters}. {bangs}!
    It [fell|rolled|slipped] into the water and [drifted|floated|bobbed] away.
  <when>, <one> was playing with {looks.a} {colors} {toy=floaters} by the {water=waters}.
    {bigness.A} wave [came and took it|washed it away|carried it off].
  <last_got> {looks.a} {colors} {toy=floaters} from {elders}. But <when_low> it fell into the
    {water=waters} and [drifted|floated|bobbed] away.
try_water:
  <Hero> {hows} tried to catch it with {tools.a}, but it was too far out. <upset>
  "Come back, {toy}!" {cries} <hero>. But the {toy} [bobbed|danced|rocked] up and down on the
    {water}. <upset>
  <Hero> put {numbers} toes into the {water}. Brr! The water was {verys} [cold|deep|wild|icy].
    <upset>
  <Hero> threw {numbers} {stuffs.pl} into the {water} to make waves. {bangs}! Now the {toy} was
    even farther away.
roll_away:
  <when>, <one> found {looks.a} {colors} {toy=rollers}. But {bangs.low}! It
    [slipped|jumped|dropped] out of {his} {kind.paws} and [rolled|fell|tumbled] into a
    [deep|dark|narrow] hole.
  <when>, <one> {goes.past} {places.to} with {looks.a} {colors} {toy=rollers}. It fell, and it
    rolled into a [deep|dark|narrow] hole under {bigness.a} {trees}.
  <when>, <one> dropped {his} {looks} {colors} {toy=rollers} near {bigness.a} {trees}. {bangs}! It
    was down in a [deep|dark|narrow] hole.
try_deep:
  <Hero> put {his} {kind.paws} into the hole, but it was too [deep|dark|narrow]. <upset>
  <Hero> {hows} tried to fish it out with {tools.a}, but all {he} got was {smallness.a} {sillies}.
  "Hello, {toy}?" {he} {cries} into the hole. Nobody answered. <upset>
  <Hero> looked down, but it was so dark that {he} could not see {his} own {kind.paws}. <upset>
point:
  "I cannot reach my {toy}," {tells} <hero> {moods}.
  "What [is wrong|is the matter|happened]?" {asks} <friend> {tones}. <Hero> {moods} pointed at the
    {toy}.
  "Are you {sads}, {hero}?" {asks} <friend> {tones}. "I want my {toy} back," {tells} <hero>
    {moods}.
fly_help:
  "That is [easy|nothing|no trouble] for me," {tells} <friend>. {He2} {hows} flew up,
    [pulled|pecked|tugged|pushed] at the {toy}, and down it came.
  "Wait here," {tells} <friend>. {He2} {hows} flew around the {tree} {numbers} times and came back
    with the {toy}.
  "I know what to do," {tells} <friend>. Up {he2} flew, {hows} as always, and soon the {toy} was
    back in {his} {kind.paws}.
swim_help:
  "I am {goods.a} swimmer," {tells} <friend>. {He2} [jumped|dived|slid] into the {water} and
    {cares} pushed the {toy} back.
  {bangs}! The {pal} was in the {water}. Soon {he2} {hows} came back with the {toy} on {his2}
    head.
  "Leave it to me," {tells} <friend>. {He2} swam {hows} to the {toy} and brought it back.
dig_help:
  "I am {goods.a} digger," {tells} <friend>. {He2} dug {hows}, and soon {he2} came up with the
    {toy}.
  The {pal} {cares} went down into the hole. First came {smallness.a} {silly=sillies}, then
    {smallness.a} {sillies!silly}, and then the {toy}!
  "I like holes even more than {foods.pl}," {tells} <friend>. {He2} dug {hows} until {he2} had the
    {toy}.
"""

LONELY = """
lonely:
  <start> <alone> // <walk> <meet> <hello> // <game> <close>
alone:
  <Hero> had {looks.a} {colors} {toys} and {numbers} {foods.pl}, but nobody to play with.
  <Hero> was often {sads}, because all {his} {siblings} were [busy|away|grown up] {places.at}.
  <Name> had just [moved|come] there and felt {verys} {sads}.
  Every {daytimes} {he} played with {looks.a} {colors} {toys}, but it is not much fun alone.
walk:
  <when>, <one> {goes.past} {place=places.to} to [look for|find] a friend. {He} saw {smallness.a}
    {sillies} and {sights.a}, but no friend.
  <when>, <one> put on {looks.a} {colors} {clothes} and {goes.past} {place=places.to}. {He} {hows}
    said hello to {sights.a}, but it did not answer.
  "I will find {goods.a} friend," {hero} {tells} <when_low>. So {he} {hows} {goes.past}
    {place=places.to}.
hello:
  2* "[Hello|Good {daytimes}|Hi], I am {hero}," {tells} <hero> {moods}. "And I am {friend},"
    {tells} <friend> {tones}. <likes>
  "Who are you, little {kind}?" {asks} <friend> {tones}. "I am {hero}," {tells} <hero> {moods}.
    <likes>
  "Would you like {tastes.a} {foods}?" {asks} <hero>. The {pal} [took|ate|tasted] it {cares}.
    <likes>
likes:
  "What do you like best?" {asks} <friend> {tones}. "{hob=hobbies.Ing}," {tells} <hero> {tones}.
  "Do you like {hob=hobbies.ing}?" {asks} <hero> {moods}. "I love it!" {tells} <friend>.
  "I am {verys} {sads}," {tells} <friend>. "Let us {hob=hobbies}," {tells} <hero>. "That always
    helps."
game:
  So they began to {hob}, and they {hows} ate {tastes} {foods.pl}.
  {hob.Ing} with a friend was much more fun. "{joys}!" {cheers} <hero>.
  First <hero> {cares} showed <friend> how to {hob}. Then they had {flavors} {foodstuffs} under
    {bigness.a} {trees}.
  "Let us {hob} {place.at}," {tells} <friend> {tones}. And they {hows} did, until {skies}.
"""

RULES = (STORIES, LOST, REACH, LONELY)
