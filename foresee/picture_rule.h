#pragma once

#include "jepa/core/api/picture_rule.h"
