"""What somebody sends who means harm, as tables: by topic (records.py), over HTTP (requests.py), in
crowds (crowds.py); and the good clients that must not feel it (good.py)."""
