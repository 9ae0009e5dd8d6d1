"""The words of the storybook, sorted into pools: what may stand in one place of a sentence.

`name (group): words`; the group is where `Floor.where` counts their nats. American spelling, as in
the public sets of stories.
"""

POOLS = """
natures (adjectives): sweet, daring, sunny, modest, witty, nosy, loyal, fearless, humble, talented,
  dizzy, bubbly, kind, brave, shy, funny, clever, curious, gentle, cheerful, sleepy, hungry, lively,
  merry, quiet, noisy, silly, playful, friendly, polite, busy, proud, patient, stubborn, dreamy,
  careful, jolly, wise, honest, helpful, chatty, tidy, thoughtful, smiling, forgetful, speedy,
  cuddly, mighty
bigness (adjectives): mighty, tremendous, gigantic, massive, big, huge, large, great, giant,
  enormous
looks (adjectives): huge, long, thin, smooth, cozy, fluffy, handmade, glittering, quaint, sturdy,
  odd, painted, glowing, dainty, big, little, round, old, new, soft, shiny, pretty, fancy, plain,
  special, lovely, bright, beautiful, wonderful, magic, tiny, strange, famous, striped, spotted,
  sparkling, secret, royal
colors (adjectives): crimson, lilac, beige, navy, scarlet, red, blue, green, yellow, orange, purple,
  pink, white, black, brown, gray, golden, silver, turquoise, violet
lands (adjectives): old, quiet, big, green, lovely, misty, sunny, windy, sleepy, little, wild,
  hidden, snowy, faraway, silent, golden
tastes (adjectives): spicy, salty, buttery, fluffy, toasted, nutty, fruity, sweet, warm, fresh,
  crunchy, sticky, tasty, yummy, juicy, crispy, delicious, creamy
flavors (adjectives): sweet, warm, fresh, tasty, yummy, delicious, hot, cold, homemade, wonderful,
  fine, plain
smallness (adjectives): torn, sandy, moldy, cracked, bent, soggy, tattered, forgotten, squeaky,
  ancient, dusty, rusty, broken, muddy, lonely, wet, dirty, crooked, empty
goods (adjectives): splendid, clever, brilliant, super, good, nice, fine, lovely, wonderful, happy,
  perfect, great, charming
glads (feelings): grateful, overjoyed, relieved, content, happy, glad, joyful, proud, excited,
  delighted, thankful, pleased, merry, lucky
sads (feelings): hopeless, heartbroken, glum, helpless, sad, lonely, unhappy, worried, upset,
  gloomy, miserable, blue, lost
scareds (feelings): scared, afraid, frightened, terrified, fearful
tireds (feelings): tired, sleepy, weary, drowsy
crosses (feelings): angry, cross, mad, grumpy, furious, grouchy
weathers (weather and time): sunny, rainy, windy, snowy, cloudy, foggy, warm, cold, cool, bright,
  frosty, breezy, misty, hot, chilly, gray
daytimes (weather and time): morning, afternoon, evening, day
weekdays (weather and time): Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday
seasons (weather and time): spring, summer, autumn, winter
months (weather and time): January, March, April, May, July, September, December
numbers (numbers): two, three, four, five, six, seven, eight, nine, ten
cheers (actions): cried, shouted, laughed, called, cheered, sang, yelled, giggled, squealed,
  whooped, gasped
cries (actions): cried, called, shouted, yelled, wailed, gasped, squeaked, sobbed, whimpered,
  moaned, groaned
tells (actions): said, whispered, mumbled, murmured, announced, declared, called, hummed, chirped,
  piped, muttered, squeaked
asks (actions): asked, said, called, whispered, wondered
smiles (actions): smiled, grinned, nodded, laughed, giggled, blushed, winked, beamed
laughs (actions): laughs, smiles, shrugs, giggles, yawns, whistles
hunts (actions): looked, searched, peeked, peered, checked, hunted, rummaged
eats (actions): ate, munched, nibbled, shared, enjoyed, gobbled
blews (actions): blew, carried, swept, lifted, whirled, tossed, pulled
flews (actions): flew, shot, sailed, floated, zoomed, twirled
winds (adjectives): strong, wild, sudden, mighty, cheeky, naughty, cold, gusty, icy, fierce,
  playful, whistling
bold (adjectives): brave, bold, strong, fearless, tough, fierce
verys (adjectives): very, so, quite, rather, terribly, really, a bit, awfully, truly
soons (weather and time): Just then, Suddenly, At that moment, Soon, A moment later, Before long,
  All at once, Then, After a while, A little later, Right then
paths (places): road, path, lane, track, street, trail
seats (objects): stone, stump, log, bench, rock, root, bucket, box
cheeks (people): cheek, nose, face, chin
hows (actions): quickly, happily, proudly, bravely, eagerly, joyfully, gladly, cheerfully, merrily,
  excitedly, silently, sneakily, promptly, clumsily, boldly, busily, swiftly, hastily, noisily,
  briskly, patiently, slowly, nimbly, wildly, secretly, playfully
cares (actions): carefully, gently, softly, slowly, patiently, neatly, lightly, cleverly, calmly,
  skillfully, tenderly, lovingly, thoroughly, nicely, cautiously, quietly, proudly, gladly, quickly
tones (actions): kindly, softly, gently, warmly, cheerfully, politely, calmly, wisely, happily,
  quietly, sweetly, brightly, shyly, patiently, proudly, firmly, gladly, quickly, slowly
moods (actions): softly, sadly, quietly, shyly, slowly, sleepily, politely, bravely
joys (sounds): Hooray, Hurrah, Yippee, Wow, Oh my, Goodness, Wonderful, Look, Great, Bravo, Super,
  Yay, Terrific, Fantastic, Splendid, Marvelous
woes (sounds): Goodness me, Oh my, Oh help, Too bad, Oh no, Oh dear, Uh-oh, Alas, Help, Ouch, Dear
  me, Good grief
bangs (sounds): Splash, Crash, Bump, Pop, Boom, Thump, Whoosh, Bang, Snap, Plop, Clang, Crack, Swish
foodstuffs (food): honey, soup, bread, cheese, jam, milk, cocoa, porridge, rice, juice, tea, ice
  cream, popcorn, yogurt, pudding, lemonade, toast, corn, jelly, pasta, pizza, salad
goodies (food): flour, sugar, butter, cinnamon, chocolate, cream, vanilla, syrup, ginger, salt,
  coconut, caramel, peppermint, marzipan, baking powder, lemon juice
spots (places): under the bed, behind the sofa, in the cupboard, on the shelf, in the bathtub,
  inside a boot, under the stairs, behind the curtain, in the top drawer, in the laundry basket,
  under the table, behind the fridge, in the kitchen sink, behind the door, in the garden shed,
  under the porch, up in the attic, down in the cellar, inside a flower pot, beneath the rug, on top
  of the piano, between the books, in the mailbox, under a pile of leaves, behind the woodpile, in
  the tall grass, beneath the bench, on the windowsill, in the toy chest, inside the oven, near the
  fireplace, under the pillow, behind the clock, in the sandbox, among the roses, next to the well,
  inside the closet, behind the mirror, under the carpet
waters (places): river, lake, pond, stream, sea, canal, well
siblings (people): sisters, brothers, cousins, uncles, aunts
skies (nature): the sun went down, the stars came out, the moon came up, the sky turned pink, the
  first star winked, the owls woke up, the street lamps went on, supper was ready, the lanterns
  glowed, the crickets sang, the wind fell asleep, the last bus left, the hens went to roost, the
  mist rolled in, the church bell rang, it was time for bed, the shadows grew long, the fireflies
  lit up
comforts (feelings): a long hug, a warm hug, a big kiss, a cup of cocoa, a soft pat, a little
  squeeze, a glass of water, a cozy blanket, a secret smile, a silly grin, a pat on the head, a kiss
  on the nose, a cup of tea, a friendly nudge, a lucky penny
toys (objects): guitar, piggy bank, toy duck, tea set, snow globe, wand, rattle, jump rope, drum,
  doll, teddy bear, toy train, toy boat, toy horse, puppet, yo-yo, marble, whistle, trumpet, flute,
  bell, lantern, picture book, paint box, mirror, shell, key, compass, magnet, map, telescope,
  flashlight, robot, rocket, crown, mask, necklace, bracelet, music box, spoon, watch, tambourine,
  clock, bucket, violin, coin, ring, harmonica
flyers (objects): kite, balloon, hat, scarf, ribbon, paper plane, handkerchief, umbrella, cape,
  glove, feather, flag, letter, sock, pinwheel, parachute
floaters (objects): ball, sailboat, paper boat, raft, bottle, basket, rubber duck, canoe, barrel,
  apple
rollers (objects): penny, button, peach, wheel, pearl, acorn, walnut, orange, hoop, snowball, egg
sillies (objects): sock, spoon, button, pencil, teapot, shoe, spider web, ladder, broom, mop, jar,
  cup, comb, brush, candle, rope, nail, brick, bottle, box, crumb, acorn, pinecone, pebble, stick,
  leaf, fork, plate, needle, hammer, sponge, towel, napkin, turnip, potato, suitcase, pan, kettle,
  lamp, thimble, tin can, hairpin, paintbrush, doorknob, pillowcase, mousetrap, ball of wool, bar of
  soap, rag, toothbrush, peg, wrench
foods (food): apple, pear, plum, cherry, banana, strawberry, carrot, cookie, pancake, muffin,
  waffle, cupcake, sandwich, pretzel, dumpling, bun, peach, melon, grape, noodle, raspberry,
  blueberry, lollipop, sausage, fritter, brownie, meatball, date, scone, turnover, doughnut,
  cracker, fig, peanut
bakes (food): cake, pie, tart, cheesecake, gingerbread house, apple pie, birthday cake, fruitcake,
  loaf
crops (food): carrot, pumpkin, bean, tomato, radish, pea, cucumber, sunflower, cabbage, onion, beet,
  squash, pepper, melon
clothes (objects): hat, coat, scarf, sweater, dress, jacket, cap, apron, raincoat, vest, belt, bow
  tie, shirt, bonnet, backpack, cloak
landmarks (places): river, lake, sea, forest, meadow, hill, pond, village, bridge, mill, valley,
  mountain, field, orchard, woods, harbor, waterfall, castle, canal, cliff, well, glade
jobs (people): baker, farmer, doctor, teacher, sailor, firefighter, gardener, painter, king, queen,
  pirate, wizard, clown, cook, driver, tailor, shepherd, nurse, captain, knight, dancer, singer,
  pilot, astronaut, juggler, plumber, sheriff, magician, detective, drummer, carpenter, vet, mayor,
  fisherman
vehicles (objects): train, bus, boat, car, bicycle, truck, tractor, wagon, ship, cart, taxi, ferry,
  tram, carriage, hot-air balloon, scooter
sights (nature): rainbow, windmill, waterfall, castle, lighthouse, haystack, scarecrow, cow, horse,
  tower, fountain, bridge, tunnel, statue, eagle, whale, snowman, beehive, swan, duck, tent, flock
  of geese, herd of sheep, giant oak, field of poppies, circus tent, row of tulips, wild pony,
  family of ducks, peacock
tools (objects): rope, ladder, stick, net, basket, spoon, bucket, shovel, blanket, branch, fishing
  rod, broom, string, hook
trees (nature): oak, birch, willow, pine, maple, chestnut tree, apple tree, cherry tree, fir tree
blooms (nature): daisy, tulip, rose, sunflower, poppy, daffodil, bluebell, lily, pansy
dreams (nature): star, cloud, dragon, rainbow, mermaid, pirate, balloon, kitten, castle, dolphin,
  cookie, butterfly, unicorn, dinosaur, comet, island, fairy, giant, snowflake, bubble, elf, planet
gifts (objects): card, necklace, picture, scarf, basket, bookmark, vase, candle, puppet, crown,
  bracelet, cushion, teapot, mug, quilt, poem
builds (objects): tower, sandcastle, snowman, tree house, raft, fort, bridge, birdhouse, tent,
  rocket, robot, playhouse, windmill, castle, boat, tunnel
stuffs (objects): box, stick, stone, plank, blanket, pillow, rope, brick, shell, leaf, nail, block,
  pebble, bottle, branch
fears (feelings): the dark, thunder, deep water, big dogs, the wind, shadows, loud noises, storms,
  high places, strange voices, ghosts, monsters, lightning, the doctor, long stairs, wolves
traps (places): in a spider web, in a jar, in a bucket, in a deep puddle, in a thorn bush, in an old
  net, under a flower pot, in the mud, between two stones, in a bottle, under a fallen branch,
  behind a window, in a shoe, in a crack, in a paper bag
minis (animals): baby bird, ladybug, butterfly, bumblebee, ant, worm, chick, caterpillar, beetle,
  lizard, firefly, grasshopper, dragonfly, spider, moth, gosling, bunny, hummingbird
"""

# Names: heroes who are children, heroes who are animals, friends.
GIRLS = """
Emma Alice Hannah Elsa Ada Luna Iris Mary Sara Jane Mia Lily Anna Rosie Ella Nora Zoe Ruby Clara
Maya Ivy Lena Poppy Daisy Hana Tess Molly Greta Amy Sofia Leila Nina Alma Ida June Kira Freya Lucy
"""
BOYS = """
Adam Peter David Ali Simon Erik Paul Toby Louis Marco Tom Ben Leo Max Theo Finn Noah Jack Omar Luca
Hugo Otto Milo Eli Oscar Ravi Kai Emil Jonas Felix Anton Tim Nico Henry Arlo Ned Gus Pablo
"""
SHE = """
Hazel Tilly Dot Maple Nutmeg Clover Willow Pearl Fern Biscuit Honey Penny Flora Dolly
"""
HE = """
Bruno Rusty Barnaby Button Pip Bramble Waldo Mossy Patch Rufus Toffee Pepper Basil Monty
"""
PALS_SHE = """
Tansy Lulu Mabel Juniper Coco Peaches Suki Bonnie Birdie Ginger Olga Trudy
"""
PALS_HE = """
Humphrey Fritz Chester Dusty Gilbert Nibbles Ozzy Pickle Wally Bert Archie Jasper
"""
ELDERS_SHE = """
Mom, Grandma, Aunt Rose, Aunt Vera, Miss Plum, Nurse Kate
"""
ELDERS_HE = """
Dad, Grandpa, Uncle Joe, Uncle Walter, Mister Brown, Captain Bill
"""

# A hero's kind / what it takes hold with.
ANIMALS = """
bear/paws, fox/paws, rabbit/paws, mouse/paws, cat/paws, puppy/paws, kitten/paws, lamb/hooves,
piglet/hooves, duckling/feet, pony/hooves, calf/hooves, raccoon/paws, panda/paws, koala/paws,
monkey/hands, elephant/feet, lion/paws, penguin/wings, hamster/paws, kangaroo/paws, giraffe/hooves,
tiger/paws, zebra/hooves
"""
# A friend's kind / how it comes along / what it says.
PALS = """
owl/flapping/Hoo hoo, hedgehog/trotting/Sniff sniff, squirrel/jumping/Chuck chuck,
beaver/paddling/Chomp chomp, badger/plodding/Snuffle snuffle, frog/leaping/Ribbit ribbit,
turtle/creeping/Hum hum, goat/prancing/Meh meh, goose/waddling/Honk honk, hen/strutting/Cluck cluck,
rooster/stomping/Cock-a-doodle-doo, donkey/clopping/Hee-haw, sheep/ambling/Baa baa,
swan/gliding/Hiss hiss, crow/flying/Caw caw, robin/fluttering/Tweet tweet, sparrow/hopping/Chirp
chirp, snail/sliding/Hello hello, toad/crawling/Croak croak, mole/shuffling/Scratch scratch,
deer/bounding/Hey there, otter/swimming/Wheek wheek, bat/swooping/Eek eek, parrot/sailing/Squawk
squawk, pigeon/strolling/Coo coo, dragon/soaring/Puff puff, moose/tramping/Moo hoo,
camel/swaying/Grumph grumph, bee/buzzing/Bzzz bzzz, cricket/springing/Cheep cheep
"""
# Which friends can help where.
HELPERS = {
    "flypals": "owl crow robin sparrow bat parrot pigeon dragon bee",
    "swimpals": "beaver frog turtle goose swan otter",
    "digpals": "hedgehog badger mole toad",
}
# A place / its preposition.
PLACES = """
park/in, beach/at, forest/in, meadow/in, river/by, lake/by, farm/on, market/at, playground/on,
garden/in, hill/on, school/at, library/in, zoo/at, castle/in, bakery/in, station/at, harbor/in,
village/in, field/in, orchard/in, barn/in, mill/at, island/on, museum/in, circus/at, fair/at,
valley/in, palace/at, vineyard/in, swimming pool/at, duck pond/by, windmill/at, toy shop/in,
campground/at, pier/on
"""
# A verb / its past.
GOES = """
crawl/crawled, sneak/sneaked, bounce/bounced, gallop/galloped, run/ran, hurry/hurried, walk/walked,
skip/skipped, hop/hopped, march/marched, rush/rushed, tiptoe/tiptoed, race/raced, dance/danced,
wander/wandered, stroll/strolled, dash/dashed, climb/climbed, trot/trotted
"""
# A verb / its -ing form / what follows it.
HOBBIES = """
paint/painting/ pictures, sing/singing/ songs, dance/dancing/ in circles, swim/swimming/ like a
fish, climb/climbing/ trees, read/reading/ books, count/counting/ stars, collect/collecting/ shells,
dig/digging/ holes, bake/baking/ cookies, ride/riding/ bikes, tell/telling/ jokes, build/building/
towers, blow/blowing/ bubbles, jump/jumping/ in puddles, watch/watching/ clouds, chase/chasing/
butterflies, play/playing/ hide-and-seek, pick/picking/ flowers, feed/feeding/ ducks, fly/flying/
kites, roll/rolling/ down hills, draw/drawing/ animals, whistle/whistling/ tunes, skip/skipping/
stones, play/playing/ tag, do/doing/ puzzles, plant/planting/ seeds, make/making/ funny faces,
hum/humming/ melodies, bounce/bouncing/ balls, stack/stacking/ blocks, juggle/juggling/ oranges,
ring/ringing/ bells, collect/collecting/ stamps, skate/skating/ backward, row/rowing/ boats,
knit/knitting/ socks, fold/folding/ paper cranes, invent/inventing/ riddles, twirl/twirling/
ribbons, race/racing/ snails, water/watering/ plants, play/playing/ the piano, drive/driving/ toy
trucks, wear/wearing/ costumes
"""
# What helps against fear / its past.
TRICKS = """
hum a song/hummed a song, count to ten/counted to ten, think of cookies/thought of cookies, take a
deep breath/took a deep breath, look at the moon/looked at the moon, whisper a rhyme/whispered a
rhyme, make a funny face/made a funny face, sing very loudly/sang very loudly, close one eye/closed
one eye, tell a joke/told a joke, stamp twice/stamped twice, drink warm milk/drank warm milk, call
the wind silly/called the wind silly
"""
