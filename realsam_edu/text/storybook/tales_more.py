"""More of the storybook's stories: fear, presents, quarrels, rescues, journeys, gardens, towers."""

AFRAID = """
afraid:
  <start> But {hero} was {verys} {scareds} of {fear=fears}. // <night> <hide> // <elder_comes>
    <advice> // <brave> <good_night>
night:
  One {weathers} night {hero} lay in bed with {looks.a} {colors} {toys}. {bangs}! What was that?
  <when>, <one> [heard|woke up from|jumped at] a [loud|strange|spooky|terrible|sudden] noise.
    {bangs}!
  <when>, <one> had to go {places.to} all alone. {bangs}, it went behind {bigness.a} {trees}.
  One {weathers} night in {months} {he} [woke up|lay awake] and had to think of {fear}. {bangs}!
hide:
  <Hero> {hows} [hid|crept|crawled|curled up|crouched] {spots} and held {looks.a} {colors} {toys}
    [tight|close].
  {His} [heart|tummy|chin|nose|voice] began to [shake|tremble|flutter|wobble], and {he} {hows}
    called for help.
  "{woes}!" {cries} <hero>. "I am {verys} {scareds}!"
  <Hero> pulled {looks.a} {colors} {clothes} over {his} [head|ears|eyes|nose] and did not
    [move|speak|breathe|blink].
elder_comes:
  {soons} {elder=elders} came in with {looks.a} {colors} [lamp|candle|lantern].
  {soons} {elder=elders} came and {cares} gave {him} {comforts}.
  {soons} {elder=elders} [sat down beside|put an arm around|smiled at|bent down to|looked at]
    {him}. "Are you {scareds}?"
  "What is it, my little {kind}?" {asks} {elder=elders} {tones}.
advice:
  2* "I was once {scareds} too," {tells} {elder} {tones}. "Then {jobs.a} taught me to
    {trick=tricks}." So they {cares} {trick.past} together.
  "Everyone is {scareds} sometimes," {tells} {elder} {tones}. "It helps to {trick=tricks}." So
    {hero} {moods} {trick.past}.
  "Let me tell you a secret," {tells} {elder}. "When I am {scareds}, I {trick=tricks}." And {hero}
    {hows} {trick.past} with {him3}.
brave:
  It helped. [Soon|From then on|After that] <hero> was not {scareds} of {fear} any more, but
    {verys} {glads}.
  After that, even {fear} did not seem [so|very|as] bad. <Name> felt {verys} {glads} and {bold}.
  "{joys}!" {cheers} <hero>. "Now I am as {bold} as {beasts.a}!"
  And when {hero} thinks of {fear} today, {he} {hows} {laughs} and goes on {hobbies.ing}.
good_night:
  2* {elder} gave {him} {comforts}, and {hero} dreamed of {colors} {dream=dreams.pl} and {natures}
    {dreams!dream.pl}.
  Then they both {eats} {flavors} {foodstuffs} with {foods.pl} until {skies}.
  "Good night, {hero}," {tells} {elder} {tones}, and {skies}.
  The next {daytimes} they went {places.to} and {eats} {tastes} {foods.pl}.
"""

PRESENT = """
present:
  <start> <birthday> // <plan> <missing> // <meet> <give> // <party> <close>
birthday:
  On a {weathers} {weekdays} it was the birthday of {elder=elders}.
  {soons} it was the birthday of {elder=elders}, who liked {tastes} {foods.pl}.
  On a {weathers} day in {months} {elder=elders} had a birthday.
plan:
  "I will bake {tastes.a} {bake=bakes}," {hero} {tells} <when_low>. {He} took {good=goodies},
    {foodstuffs} and {bigness.a} [spoon|bowl|pan|pot].
  <when>, <one> wanted to bake {tastes.a} {bake=bakes} with {good=goodies} and {flavors}
    {foodstuffs}.
  "What does {elder} like?" {hero} wondered <when_low>. "I know! {tastes.A} {bake=bakes} with
    {good=goodies}!"
missing:
  But there was no {other=goodies!good}! {He} {hunts} {spots} and found {smallness.a} {sillies}.
  But where was the {other=goodies!good}? {woes}, it was not {spots}! <upset>
  Then {he} {cares} opened {looks.a} {colors} [jar|box|tin]. There was no {other=goodies!good} in
    it. <upset>
give:
  "You may have my {other}," {tells} <friend> {tones}. {soons} the two <bake_it>.
  "I have {numbers} bags of {other}," {tells} <friend>, and {he2} {hows} [went|hurried|rushed] to
    get one. {soons} they <bake_it>.
  "Do you have any {other}?" {asks} <hero> {moods}. "[Of course|Sure|Yes]," {tells} <friend>
    {tones}. And they <bake_it>.
bake_it:
  {cares} [mixed|stirred|whisked|kneaded] and [baked|tasted|poured|rolled] until the kitchen was
    [white|warm|sticky|messy]
  put {tastes} {foods.pl} on top and {good} all around
  {cares} baked the {bake}, and it smelled {tastes}
party:
  "{joys}!" {cheers} {elder} at the party. "What {tastes.a} {bake}!"
  {elder} {cares} ate {numbers} pieces and gave {hero} {comforts}.
  They sang for {elder}, and {elder} {cares} blew out {numbers} {colors} candles.
  When {elder} saw the {bake}, {he3} was so {glads} that {he3} {hows} began to {hobbies}.
"""

QUARREL = """
quarrel:
  <start> <best_friend> // <both_want> <tug> <oh_no> // <sorry> <mend> // <turns> <close>
best_friend:
  2* {His} best friend was {natures.a} {pal=pals} [named|called] {friend=palnames}.
  Every {weekdays} {friend=palnames}, {natures.a} {pal=pals} from the {lands} {places}, came to
    play.
  Next door lived {friend=palnames}, {natures.a} {pal=pals}, and the two loved {hobbies.ing}.
both_want:
  2* <when>, they found {looks.a} {colors} {toy=toys} {places.at}.
  <when>, {elders} gave them {looks.a} {colors} {toy=toys}.
  <when>, {friend} brought {looks.a} {colors} {toy=toys} and {tastes} {foods.pl}.
tug:
  "It is mine!" {cries} <hero>. "No, mine!" {cries} <friend>. They both
    [pulled|tugged|tore|yanked] {hows} at the {toy}.
  "I want the {toy}," {cries} <hero>. "I had it first," {cries} <friend>. {soons} they were
    {verys} {crosses}.
  <Name> [wanted|took|grabbed] the {toy}. {friend} [wanted|took|grabbed] it too. {soons} both were
    {verys} {crosses}.
oh_no:
  {bangs}! The {toy} [fell|flew|dropped|rolled] into {bigness.a} [puddle|pile of sand|flower
    bed|bush|heap of leaves|mud hole].
  {bangs}! It broke into {numbers} pieces, and the pieces fell on {smallness.a} {sillies}.
  {soons} something went {bangs.low}, and the {toy} had {bigness.a} hole.
  {friend} [ran|slipped|marched|stamped] off and hid the {toy} {spots}.
sorry:
  They were both {verys} {sads}. "I am sorry," they {tells} {moods}.
  <Name> felt {verys} {sads} and gave {friend} {tastes.a} {foods}. "I am sorry I was so
    {crosses}."
  "I am sorry, {hero}," {tells} <friend> {moods}. "So am I," {tells} <hero> {tones}.
  They sat under {bigness.a} {trees}, {verys} {sads}. {soons} <friend> {moods} said that {he2} was
    sorry.
mend:
  Together they {cares} [fixed|washed|mended|repaired|patched] the {toy} with {numbers}
    {stuffs.pl} and {colors} string.
  They {goes.past} to {elders}, who [fixed|cleaned|mended] the {toy} with {looks.a} {sillies}.
  Then they cleaned the {toy} {cares} with {smallness.a} {sillies} until it was {looks} again.
turns:
  "You first," {tells} <hero> {tones}. "No, you," {tells} <friend>. And they both {smiles}.
  On {day=weekdays} the {toy} was with {hero}, and on {weekdays!day} it was with {friend}, and on
    {weathers} days they {hows} shared it.
  After that they always shared, even {tastes} {foods.pl} and {colors} {clothes.pl}.
  {soons} they {hows} played with the {toy} together {places.at}, {glads} and {tireds}.
"""

RESCUE = """
rescue:
  <start> // <hear> <stuck> // <free> <thanks> // <later> <mini_end>
hear:
  <when>, <one> {goes.past} {places.to} and heard a [small|tiny|thin|faint|high|squeaky] voice.
    "{woes}!"
  <when>, <one> {goes.past} {places.to} with {looks.a} {colors} {toys}. Something
    [moved|cried|rustled|sniffed|squeaked] near {bigness.a} {trees}.
  <when>, <one> sat under {bigness.a} {trees} and {eats} {tastes} {foods.pl}. "{woes}!" someone
    {cries}.
stuck:
  2* It was {natures.a} [little|tiny] {mini=minis}, and it was stuck {traps}.
  {natures.A} {mini=minis} was stuck {traps} and could not get out.
  There was {natures.a} {mini=minis} {traps}. "I am {verys} {scareds}," it {tells} {moods}.
free:
  2* "Hold still," {tells} <hero>. {He} took {looks.a} {tools} and {cares} pulled the {mini} out.
  {cares.Up} {he} lifted the {mini} with {his} {kind.paws} and set it on {looks.a} {colors}
    {blooms}.
  "Do not be {scareds}," {hero} {tells} {tones}. {bangs}! The {mini} was free.
  <Name> called {elders}, and together they {cares} freed the {mini} with {tools.a}.
thanks:
  "Thank you," {tells} the {mini} {tones}. "[One day|Next {seasons}|In {months}] I will help you
    too." <Name> {smiles}.
  The {mini} was {verys} {glads}. It danced {numbers} times around {bigness.a} {blooms}.
  "You are {natures.a} {kind}," {tells} the {mini}. And {hero} {smiles}.
  <Name> gave it {tastes.a} {foods}, and the {mini} {cares} ate all of it.
later:
  Then {seasons} came. {hero} was lost in the [fog|dark|storm|crowd] {places.at} and felt {verys}
    {sads}. "Follow me," {tells} a small voice. It was the {mini}!
  One day in {months} {hero} could not find {his} {colors} {toys}. The {mini} {hows} {hunts}
    {spots}, and there it was!
  The next {weekdays} {hero} sat alone {places.at} and felt {verys} {sads}. Who came to play? The
    {mini}, with {tastes.a} {foods}!
  {numbers.Up} days later there was a knock at the door. The {mini} had
    [brought|found|made|painted] {looks.a} {colors} {blooms} for {hero}.
mini_end:
  Now <hero> knew that even {natures.a}, small friend can be {bigness.a} help.
  "{joys}!" {cheers} <hero>, and they {eats} {tastes} {foods.pl} until {skies}.
  They {hows} played together every {daytimes}, until {seasons} came with {weathers} days.
  So {hero} and the {mini} learned to {hob=hobbies} and to {hobbies!hob}.
"""

JOURNEY = """
journey:
  <start> <invite> // <pack> <ride> <sight> // <stop> // <arrive> <close>
invite:
  <when>, <one> got {looks.a} {colors} letter from {elder=elders}. "Come and see me
    {place=places.at}," it said.
  {elder=elders} lived far away {place=places.at}, and <when_low> {hero} wanted to visit {him3}.
  "Let us go and see {elder=elders} {place=places.at}," {hero} {tells} <when_low>.
pack:
  2* <Hero> {cares} packed {looks.a} {colors} {clothes}, {tastes.a} {foods} and {looks.a} {toys}.
  <Hero> put on {looks.a} {colors} {clothes} and took {numbers} {tastes} {foods.pl} along.
  In {colors.a} bag {he} put {flavors} {foodstuffs}, {looks.a} {toys} and {smallness.a} {sillies}.
ride:
  Then {he} [got|climbed|hopped|jumped] on {looks.a} {colors} {car=vehicles}.
  {looks.A} {colors} {car=vehicles} was waiting. "{joys}!" {cheers} the driver, who was
    {natures.a} {jobs}.
  <Hero> went there by {car=vehicles}. It was {looks.a} {colors} {car}, and it was {verys}
    [slow|fast|loud|bumpy|old].
sight:
  2* On the way {he} saw {bigness.a} {sight=sights} and {looks.a} {sights!sight}.
  <Name> {hows} counted {numbers} {trees.pl}, {numbers} {colors} {blooms.pl} and {looks.a}
    {sights}.
  They passed {looks.a} {sights}, and {hero} {hows} waved at {natures.a} {jobs}.
stop:
  2* {bangs}! The {car} stopped. {natures.A} {pal=pals} [was in the way|stood on the
    road|waved|jumped up and down]. "{pal.sound}, I am {friend=palnames}. Can I come too?" "Of
    course," {tells} <hero> {tones}.
  But then the {car} broke down. {friend=palnames}, {natures.a} {pal=pals}, came {pal.came} by and
    {cares} fixed it with {tools.a}. "Come with us," {tells} <hero>.
  {soons} {natures.a} {pal=pals} sat down next to {him}. "I am {friend=palnames}, and I am going
    {place.to} too." They shared {tastes.a} {foods}.
arrive:
  [At last|In the end|Before supper|Soon] they {hows} came {place.to}. There stood {elder} with
    {tastes.a} {bakes} and {foods.pl}.
  When they got {place.to}, {elder} {cares} gave them {comforts} and {flavors} {foodstuffs}.
  {elder} was so {glads} to see them that {he3} {hows} danced with {friend} and gave {hero}
    {comforts}.
"""

GARDEN = """
garden:
  <start> // <seed> <wait> // <doubt> <grow> // <harvest> <feast> <close>
seed:
  One {seasons} {daytimes} {he} found {looks.a} {colors} seed {spots}. {He} {cares} put it into
    the ground {place=places.at}.
  <when>, {elders} gave {him} {looks.a} {colors} seed. {hero} {cares} planted it
    {place=places.at}.
  <when>, <one> {cares} dug {bigness.a} hole {place=places.at} and dropped in {looks.a} {colors}
    seed.
wait:
  Every {daytimes} {he} brought water in {smallness.a} {sillies} and sang to it {tones}.
  <Hero> sat beside it for {numbers} days. {He} counted {colors} {blooms.pl} and {eats}
    {foods.pl}.
  <Name> gave it water and {comforts} and {cares} told it about {natures} {dreams.pl}.
doubt:
  "Nothing will grow there," {tells} {friend=palnames}, {natures.a} {pal=pals}. {hero} felt
    {verys} {sads}.
  But nothing happened. {soons} {friend=palnames}, {natures.a} {pal=pals}, came {pal.came} by. "Be
    patient," {he2} {tells}.
  {soons} {friend=palnames} the {pal=pals} came {pal.came} by. "You need sun and {comforts},"
    {he2} {tells} {tones}.
  It was {weathers} for {numbers} weeks. "Maybe it is {tireds}," {tells} {friend=palnames},
    {natures.a} {pal=pals}.
grow:
  Then one {weathers} {daytimes} there was a little {colors} leaf. It grew and grew, and it was
    {bigness.a} {crop=crops}!
  One {weathers} {weekdays} something {colors} came up. "{joys}!" {cheers} <hero>. "It is
    {crop=crops.a}!"
  In {seasons} it was as tall as {bigness.a} {jobs}. It was {looks.a} {crop=crops}!
harvest:
  They {hows} [pulled and pulled|pulled {numbers} times|dug and pulled]. {bangs}! Out came the
    {crop}, and they both [fell over|laughed|sat down|fell backward|cheered].
  <Name> and {friend} picked the {crop} {cares} and took it home in {looks.a} {colors} {vehicles}.
  The {crop} was so [big|heavy|round|wide|fat] that <hero> {hows} called {elders} and {numbers}
    {natures} {jobs.pl} to help.
feast:
  They {cares} cooked {tastes} soup with the {crop} and {foodstuffs}.
  They {eats} {tastes} {crop} soup with {foods.pl}, and {elders} came too.
  "{crop.A} tastes best with {natures.a} friend," {tells} <hero>.
"""

BUILDING = """
building:
  <start> // <wish> <first_try> <fall> // <meet> <again> // <done> <close>
wish:
  <when>, <one> wanted to build {looks.a} {colors} {build=builds} {place=places.at}.
  "I want {looks.a} {build=builds}, as big as {sights.a}," {hero} {tells} <when_low>. So {he}
    {hows} {goes.past} {place=places.to}.
  For {numbers} days {he} had dreamed of {looks.a} {colors} {build=builds} {place=places.at}.
first_try:
  <Hero> took {numbers} {colors} {stuff=stuffs.pl} and {numbers} {stuffs!stuff.pl} and worked
    {hows}.
  All {daytimes} long {he} {cares} put {colors} {stuff=stuffs.pl} on top of {stuffs!stuff.pl}.
  First {he} used {colors} {stuff=stuffs.pl}, then {stuffs!stuff.pl}, then {tastes} {foods.pl}.
fall:
  {bangs}! The {build} fell down on {smallness.a} {sillies}. <upset>
  But {winds.a} wind came. {bangs}! The {build} was only {bigness.a} pile of {stuff.pl}. <upset>
  Then {natures.a} {minis} sat on it, and {bangs.low}, it all fell down.
again:
  "Do not give up, {hero}," {tells} <friend> {tones}. "Try it with {looks.a} {tools}." So they
    {hows} began again.
  "My {build} fell down," {tells} <hero> {moods}. "Then we need {looks.a} {tools} and {numbers}
    more {stuff.pl}," {tells} <friend> {tones}.
  "What was that {colors} thing?" {asks} <friend>. "My {build}," {tells} <hero> {moods}. "I will
    help you," {tells} <friend>.
  "Put the {look=looks} {stuff.pl} under the {looks!look} ones," {tells} <friend> {tones}, and
    they {hows} did.
done:
  This time the {build} did not fall. It was {looks} and {colors}. "{joys}!" {cheers} <hero>.
  They {hows} worked until {skies}. Then {elders} came to see the {looks} {build} and brought
    {flavors} {foodstuffs}.
  Soon the {build} was higher than {bigness.a} {trees}, and {hero} put {looks.a} {colors} flag on
    top.
"""

RULES = (AFRAID, PRESENT, QUARREL, RESCUE, JOURNEY, GARDEN, BUILDING)
