import torch

title = "Gradient descent"
print(title.upper(), title.lower(), title.split(), title.replace("e", "3"), len(title))
print("-".join(["a", "b"]), title[:8], title[::-1], title.startswith("Grad"), "x".center(5, "*"))
print(
    'single "double" inside',
    "it's",
    """triple
line""",
    "tab\tnew\\n",
    "é ∇ 日本",
)
print("abc", r"raw\n", f"{1}2{3}")
print(str(3) + "!", repr("q"), str(torch.tensor(2)), float("1.5"), int("7"), bool(""), "%s" % None)
print("=" * 20)
x = torch.tensor(3.0)
print("value: " + str(x.item()) + ", " + f"{x:.2f}", "{:5.1f}".format(x.item()).strip())
