"""`python -m keras_attn` is the command `keras-attn`.

Python imports the package, and with it Keras, before it runs this file, so help takes seconds here.
"""

from keras_attn.cli import main

main()
