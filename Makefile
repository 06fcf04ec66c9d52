# Aliases; run.py does the work and the set-up.
.PHONY: demo test check
demo:
	python3 run.py demo
test:
	python3 run.py test
check:
	python3 run.py check
