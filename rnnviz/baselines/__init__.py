"""Models of the past that are no recurrent networks, fitted in closed form and scored on data that they have not seen.

Plain functions on arrays: a demonstration asks several of them the same question.
"""
