"""Who may know whom."""

import ast
import configparser
import re

import botocore.session

OURS_TO_REGION = {"document", "iam", "region", "schedule"}
# AWS-RunPatchBaseline's operations, Automation's key onCancel, and its term for starting many
AWS_NAMES = {"Scan", "Install", "on_cancel", "rate_control"}
STARTERS = re.compile(
    r"\b(Popen|run|call|check_call|check_output|system|popen|spawn\w*|exec[lv]\w*|create_subprocess\w*)$"
)


def imports(text):
    """Every module that a Python file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ([f"{node.module}.{alias.name}" for alias in node.names] if node.module == "albpatch" else [])
            yield node.module


def test_one_module_knows_the_terraform_package(python):
    """python_terraform is imported by the adapter and by nothing else."""
    importers = {
        path for path, text in python.items() if any(m.split(".")[0] == "python_terraform" for m in imports(text))
    }

    assert importers == {"harness/albpatch/terraform.py"}


def starts_terraform(text):
    """Lines on which a Python file hands the word terraform to something that starts a program."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and STARTERS.search(ast.unparse(node.func)):
            words = [c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)]
            if any(re.search(r"(^|/)terraform(\s|$)", word) for word in words):
                yield node.lineno


def test_nothing_else_starts_terraform(tree, python):
    """Terraform runs through the adapter only: no subprocess in Python, no command in Makefile and scripts."""
    found = [
        f"{path}:{line}"
        for path, text in python.items()
        if path != "harness/albpatch/terraform.py"
        for line in starts_terraform(text)
    ]
    command = re.compile(r"^\s*@?(\S+=\S+\s+)*terraform\s+-?\w", re.M)
    found += [path for path in ("Makefile", "tools/lint", "tools/test", ".ci/run") if command.search(tree[path])]

    assert found == []


def test_the_search_finds_what_it_looks_for():
    """The search for other ways of starting Terraform sees the usual ones."""
    assert list(starts_terraform("import subprocess\nsubprocess.run(['terraform', 'plan'])")) == [2]
    assert list(starts_terraform("import os\nos.system('terraform plan')")) == [2]
    assert list(starts_terraform("log('terraform is missing')")) == []


def test_the_region_imports_nothing_of_ours(python):
    """The region knows documents, IAM and schedules; a package added later is no exception."""
    found = {
        (path, name)
        for path, text in python.items()
        if path.startswith("harness/albpatch/region/")
        for name in imports(text)
        if name.startswith("albpatch.") and name.split(".")[1] not in OURS_TO_REGION
    }

    assert found == set()


def test_every_package_stands_in_the_contracts(root):
    """A package that is added to the harness is added to the import contracts too."""
    contracts = configparser.ConfigParser()
    contracts.read(root / ".importlinter")
    named = {word for section in contracts.values() for value in section.values() for word in value.split()}
    packages = {
        f"albpatch.{path.stem}"
        for path in (root / "harness/albpatch").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    } - {"albpatch.__init__", "albpatch.__main__"}

    assert packages - named == set()


def test_scripts_import_nothing_of_ours(python):
    """A script runs inside Systems Manager: the standard library and boto3 are all there is."""
    scripts = {path: text for path, text in python.items() if path.startswith("runbook/scripts/")}
    found = {(path, name) for path, text in scripts.items() for name in imports(text) if name.startswith("albpatch")}

    assert scripts
    assert found == set()


def aws_names():
    """Every member of the services' requests and answers, in snake case."""
    session = botocore.session.get_session()
    models = [session.get_service_model(name) for name in ("ssm", "elbv2", "ec2", "iam")]
    members = {
        m for model in models for name in model.shape_names for m in getattr(model.shape_for(name), "members", {})
    }
    return {re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", member).lower() for member in members}


def our_names(tree):
    """Step, script and setting names that only this project has."""
    steps = set(re.findall(r"^\s+- name: (\w+)$", tree["runbook/patch-behind-alb.yaml.tftpl"], re.M))
    scripts = {path.split("/")[-1].removesuffix(".py") for path in tree if path.startswith("runbook/scripts/")}
    settings = set(re.findall(r"^\s+(\w+)\s+= optional\(", tree["variables.tf"], re.M))
    long = {name for name in scripts | settings if "_" in name} - aws_names() - AWS_NAMES
    return {"alb-patching", "ALB Patching"} | long | (steps - AWS_NAMES)


def test_the_region_has_no_name_of_ours(tree, python):
    """AWS's and other people's documents run in the region, so it knows no step, script or setting of ours."""
    names = our_names(tree)
    whole = re.compile(r"(?<![\w-])(" + "|".join(sorted(map(re.escape, names))) + r")(?![\w-])")
    found = [
        (path, node.value)
        for path, text in python.items()
        if path.startswith("harness/albpatch/region/")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and whole.fullmatch(node.value)
    ]
    long = re.compile(
        r"(?<![\w-])(" + "|".join(n for n in sorted(map(re.escape, names)) if re.search("[_-]|[a-z][A-Z]", n)) + ")"
    )
    found += [
        (p, m) for p, text in tree.items() if p.startswith("harness/albpatch/region/") for m in long.findall(text)
    ]

    assert len(names) > 20
    assert found == []
