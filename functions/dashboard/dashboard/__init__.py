"""The routes of people, one module for each topic. A package of its own name, so that no other can be meant by it."""
