# 2:1 import of os is not understood
import os
os.system("true")
