"""Outlines of usual things, for items without a picture: paths of SVG in 48 x 48, and words that mean them."""

from __future__ import annotations

from typing import Final

BOX: Final = "M8 17 24 9l16 8v15l-16 8-16-8zM8 17l16 8 16-8M24 25v15"

_CIRCLE: Final = "m-{r} 0a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0-{d} 0"


def _circle(x: float, y: float, r: float) -> str:
    return f"M{x:g} {y:g}" + _CIRCLE.format(r=f"{r:g}", d=f"{2 * r:g}")


_SHAPES: Final = (
    ("mug cup", "M11 13h21v21a5 5 0 0 1-5 5H16a5 5 0 0 1-5-5zM32 18h3a5 5 0 0 1 5 5v2a5 5 0 0 1-5 5h-3v-4h2a2 2 0 0 0 2-2v0a2 2 0 0 0-2-2h-2z"),
    ("flask thermos", "M18 6h12v6H18zM17 12h14l1 4v24a2 2 0 0 1-2 2H18a2 2 0 0 1-2-2V16zM16 22h16"),
    ("bottle oil sauce wine", "M21 5h6v9l5 6v20a3 3 0 0 1-3 3H19a3 3 0 0 1-3-3V20l5-6zM16 25h16v10H16z"),
    ("kettle teapot", "M14 18h18l3 21H11zM18 12h10v6H18zM12 24l-7-5h5l4 1M34 20h6v14h-5"),
    ("machine blender mixer toaster", "M11 7h26v10H11zM15 17v18M11 35h26v6H11zM31 17v18h6V17zM18 22h9v9h-9z"),
    ("pan saucepan pot wok", "M6 19h24v12a6 6 0 0 1-6 6H12a6 6 0 0 1-6-6zM30 21h13v4H30zM6 15h24v4H6z"),
    ("knife shears scissors razor", "M5 31h23V14C18 16 9 22 5 31zM28 15h15v7H28z"),
    ("board rug mat towel curtain", "M8 9h32v30H8zM8 15h32M8 33h32"),
    ("lamp light", "M17 7h14l6 16H11zM22.5 23h3v14h-3zM14 37h20v4H14z"),
    ("sofa couch armchair", "M11 13h26v11H11zM5 20h6v8h26v-8h6v16H5zM8 36h4v4H8zM36 36h4v4h-4z"),
    ("chair stool", "M13 6h22v18H13zM11 24h26v5H11zM13 29h3v13h-3zM32 29h3v13h-3z"),
    ("bed mattress duvet pillow", "M9 12h12v8H9zM27 12h12v8H27zM5 20h38v9H5zM5 29h38v8H5zM5 37h4v4H5zM39 37h4v4h-4z"),
    ("desk table", "M5 15h38v6H5zM8 21h4v19H8zM36 21h4v19h-4zM24 21h12v8H24z"),
    ("bookcase wardrobe shelf cabinet cupboard", "M10 6h28v36H10zM10 18h28M10 30h28M24 6v36"),
    ("drill driver trimmer dryer", "M6 12h25v12H6zM31 14h5l2 2h5v4h-5l-2 2h-5zM9 24h9l-2 16H7z"),
    ("hammer mallet", "M9 9h25l5 4v4H27v25h-6V17H9z"),
    ("saw jigsaw", "M5 14h13v13H5zM18 15h25v4l-3 4-3-4-3 4-3-4-3 4-3-4-3 4-4-4z"),
    ("screwdriver wrench brush toothbrush", "M20 5h8v17h-8zM22.5 22h3v14h-3zM22 36h4v7h-4z"),
    ("ladder", "M14 5h4v38h-4zM30 5h4v38h-4zM18 11h12v4H18zM18 21h12v4H18zM18 31h12v4H18z"),
    ("shirt t-shirt tee sweater jersey top blouse", "M17 8 6 15l4 9 5-3v20h18V21l5 3 4-9-11-7c-2 4-12 4-14 0z"),
    ("jacket coat parka anorak", "M17 7 7 17v15h7v9h20v-9h7V17L31 7l-7 4zM24 11v30M14 32V20M34 32V20"),
    ("jeans trouser pant short", "M15 6h18l3 36h-9l-3-24-3 24h-9zM15 12h18"),
    ("dress skirt", "M18 6h3l3 4 3-4h3v10l8 25H10l8-25zM18 16h12"),
    ("shoe boot sneaker trainer sandal", "M7 14l10 3 8 10 13 3c3 1 4 4 4 6H6V18zM6 36h36v4H6z"),
    ("sock stocking", "M17 6h14v22l-12 12c-3 3-8 1-9-2s0-5 2-7l5-5zM17 12h14"),
    ("glove mitten", "M15 42V30l-6-9 4-3 5 5V9h4v11-14h4v14-12h4v14l4-4 3 3-4 10v10z"),
    ("belt leash cable hose rope tape", f"{_circle(24, 24, 17)}{_circle(24, 24, 11)}M35 36l7 6"),
    ("bag handbag backpack rucksack suitcase", "M17 13a7 7 0 0 1 14 0M12 13h24v28H12zM16 26h16v10H16zM12 21h24"),
    ("phone smartphone tablet reader bank", "M15 5h18v38H15zM18 10h12v25H18zM22 38h4v2h-4z"),
    ("laptop notebook computer", "M10 9h28v21H10zM13 12h22v15H13zM5 33h38l-3 6H8z"),
    ("television tv monitor screen display", "M5 9h38v25H5zM8 12h32v19H8zM22 34h4v4h-4zM16 38h16v3H16z"),
    ("headphone headset earphone", "M7 29a17 17 0 0 1 34 0h-4a13 13 0 0 0-26 0zM7 28h7v13H7zM34 28h7v13h-7z"),
    ("speaker soundbar radio", f"M13 5h22v38H13z{_circle(24, 30, 7)}{_circle(24, 13, 3.5)}"),
    ("camera webcam", f"M5 14h9l3-5h14l3 5h9v25H5z{_circle(24, 26, 8)}"),
    ("controller gamepad", f"M14 15h20c7 0 10 21 5 21-4 0-5-6-8-6H17c-3 0-4 6-8 6-5 0-2-21 5-21z{_circle(32, 23, 2)}M15 20v6M12 23h6"),
    ("watch tracker", f"M18 4h12v10H18zM18 34h12v10H18z{_circle(24, 24, 12)}M24 17v7l5 3"),
    ("glasses goggle sunglasse", f"{_circle(14, 25, 8)}{_circle(34, 25, 8)}M22 24h4M6 23l3-8M42 23l-3-8"),
    ("dumbbell weight", "M5 16h6v16H5zM11 20h5v8h-5zM16 22h16v4H16zM32 20h5v8h-5zM37 16h6v16h-6z"),
    ("helmet hat cap beanie", "M8 31a16 17 0 0 1 32 0zM5 31h38v5H5zM17 30c0-7 3-12 7-15 4 3 7 8 7 15"),
    ("tent", "M24 8 4 40h40zM24 20 14 40h20z"),
    ("ball football basketball", f"{_circle(24, 24, 17)}M24 16l8 6-3 9H19l-3-9zM24 7v9M32 22l8-3M29 31l5 7M19 31l-5 7M16 22l-8-3"),
    ("racket bat", f"{_circle(24, 16, 12)}M22 28h4v15h-4zM16 10l15 13M31 10 17 23M24 4v24M12 16h24"),
    ("tube moisturiser sunscreen shampoo lotion cream perfume polish lipstick soap", "M19 6h10v9H19zM15 15h18l1 24a3 3 0 0 1-3 3H17a3 3 0 0 1-3-3zM15 24h19v9H14z"),
    ("bean tea pasta rice granola nut litter food fertiliser coffee chocolate diaper", "M13 12h22l3 30H10zM15 6h18v6H15zM17 20h14v12H17z"),
    ("jar honey jam", "M15 7h18v6H15zM14 13h20l3 5v21a3 3 0 0 1-3 3H14a3 3 0 0 1-3-3V18zM11 23h26v11H11z"),
    ("plant flower tree feeder planter", "M13 27h22l-3 15H16zM24 27c0-10-7-14-14-14 0 8 5 14 14 14zM24 27c0-12 7-18 15-18 0 10-5 18-15 18z"),
    ("mower barbecue grill", f"M8 18h26v14H8zM34 22l9-14h-4l-7 10{_circle(14, 36, 5)}{_circle(30, 36, 5)}"),
    ("parasol umbrella", "M24 6c10 0 18 7 19 17H5C6 13 14 6 24 6zM22.5 23h3v19h-3zM24 6v17M14 23l4-15M34 23 30 8"),
    ("aquarium tank", "M6 10h36v28H6zM6 17h36M18 27c4-5 10-5 13 0-3 5-9 5-13 0l-5-4v8z"),
    ("stroller pram buggy", f"M8 20h16V8c10 0 16 7 16 16v6H14zM8 20 4 14{_circle(17, 37, 5)}{_circle(34, 37, 5)}"),
    ("cleaner hoover", f"M30 6h4L22 36h-4zM8 36h20v6H8z{_circle(33, 30, 6)}"),
    ("book novel magazine", "M7 10c6-3 13-3 17 1 4-4 11-4 17-1v28c-6-3-13-3-17 1-4-4-11-4-17-1zM24 11v28"),
    ("toolbox", "M6 18h36v22H6zM17 18v-7h14v7M6 27h36M21 24h6v6h-6z"),
)  # fmt: skip

SHAPES: Final = {word: path for words, path in _SHAPES for word in words.split()}
"""Word, in the singular, to path."""
