#!/usr/bin/env python
# A script with comments everywhere.

# Imports:
import torch  # tensors

# --- data -----------------------------------------------------------

x = torch.tensor(
    [
        1.0,  # one
        2.0,  # two
    ]
)  # done


# a loop
for i in range(2):  # twice
    # inside
    y = x * i  # scaled

    # before print
    print(i, y)
    # after the body
# behind the loop
if y.sum() > 1:  # a test
    # yes
    print("yes")
# between
else:  # otherwise
    print("no")  # no

with torch.no_grad():  # quietly
    z = y + 1
"""A string that stands alone."""
print(z)

# The end.
