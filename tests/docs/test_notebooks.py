"""A notebook that was run keeps what its cells say, and nothing of the machine."""

import nbformat

from docs.notebooks import tidied

v4 = nbformat.v4


def test_lines_are_kept_as_they_ended_and_messages_of_libraries_are_not():
    outputs = [
        v4.new_output("stream", name="stderr", text="I0000 no drivers\n"),
        v4.new_output("stream", name="stdout", text="\repoch 1 of 2"),
        v4.new_output("stream", name="stdout", text="\repoch 2 of 2, 3 s\nDownloading data 1 %\n"),
        v4.new_output(
            "display_data", data={"image/png": "aGk=", "text/plain": "<Figure size 640x480>"}
        ),
        v4.new_output("stream", name="stdout", text="done\n"),
    ]
    text, picture, last = tidied(outputs)
    assert text.text == "epoch 2 of 2, 3 s\n"
    assert picture.data == {"image/png": "aGk=", "text/plain": "<Figure>"}
    assert last.text == "done\n"
