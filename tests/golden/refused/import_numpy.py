# 2:1 import of numpy is not understood
import numpy as np
a = np.zeros(3)
