# 2:1 `import *` is not understood
from torch import *
